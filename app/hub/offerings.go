package hub

import (
	"context"
	"net/http"
	"slices"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/api"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/protocol"
)

func pageOf(c echo.Context) (paging.Page, error) {
	return paging.Parse(c.QueryParam("cursor"), c.QueryParam("limit"))
}

// pathID reads an id from the path; text that is none names nothing.
func pathID(c echo.Context, what string) (uuid.UUID, error) {
	id, err := ids.Parse(c.Param("id"))
	if err != nil {
		return uuid.Nil, fault.NotFound(what)
	}
	return id, nil
}

// list answers a page of a list.
func list[T any](c echo.Context, found paging.Result[T]) error {
	out := protocol.List[T]{Data: found.Items}
	if found.Next != "" {
		out.NextCursor = &found.Next
	}
	return c.JSON(http.StatusOK, out)
}

func (s *Server) offerings(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	found, err := s.Hub.Offerings(c.Request().Context(), page)
	if err != nil {
		return err
	}
	return list(c, found)
}

func (s *Server) offer(c echo.Context) error { return take(c, http.StatusCreated, s.Hub.Offer) }

func (s *Server) reoffer(c echo.Context) error {
	id, err := pathID(c, "offering")
	if err != nil {
		return err
	}
	return take(c, http.StatusOK, func(ctx context.Context, d protocol.OfferingDraft) (protocol.Offering, error) {
		return s.Hub.Reoffer(ctx, id, d)
	})
}

func (s *Server) withdraw(c echo.Context) error {
	id, err := pathID(c, "offering")
	if err != nil {
		return err
	}
	if err := s.Hub.Withdraw(c.Request().Context(), id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// requestStates are those that a list of requests may be narrowed to.
func requestStates() []string {
	return []string{
		"", protocol.RequestPending, protocol.RequestApproving, protocol.RequestApproved, protocol.RequestRejected, protocol.RequestFailed, protocol.RequestCancelled,
	}
}

func (s *Server) requests(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	status := c.QueryParam("status")
	if !slices.Contains(requestStates(), status) {
		return fault.InvalidField("status", "There is no such status.")
	}
	found, err := s.Hub.Requests(c.Request().Context(), status, page)
	if err != nil {
		return err
	}
	return list(c, found)
}

// decide reads the note and answers what became of the request.
func decide(c echo.Context, status int, do func(ctx context.Context, id uuid.UUID, in protocol.Decision) (protocol.Decided, error)) error {
	id, err := pathID(c, "request")
	if err != nil {
		return err
	}
	var in protocol.Decision
	if err := api.Read(c, &in); err != nil {
		return err
	}
	out, err := do(c.Request().Context(), id, in)
	if err != nil {
		return err
	}
	return c.JSON(status, out)
}

func (s *Server) approve(c echo.Context) error { return decide(c, http.StatusAccepted, s.Hub.Approve) }
func (s *Server) reject(c echo.Context) error  { return decide(c, http.StatusOK, s.Hub.Reject) }
