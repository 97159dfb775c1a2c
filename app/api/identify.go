package api

import (
	"net/http"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/tenancy"
)

const identifyPath = "/identify"

type whoamiJSON struct {
	Role      string     `json:"role"`
	Scopes    []string   `json:"scopes,omitempty"`
	PartnerID *uuid.UUID `json:"partner_id,omitempty"`
	Tenant    tenantJSON `json:"tenant"`
}

type tenantJSON struct {
	ID   uuid.UUID `json:"id"`
	Slug string    `json:"slug"`
	Name string    `json:"name"`
}

func (s *Server) whoami(c echo.Context) error {
	ctx := c.Request().Context()
	p, t := auth.From(ctx), tenancy.From(ctx)
	out := whoamiJSON{Role: p.KeyKind, Scopes: p.Scopes, Tenant: tenantJSON{t.ID, t.Slug, t.Name}}
	if p.FromNetwork() {
		out.Role = "scoped" // as which the hub knows it
	}
	if p.PartnerID != uuid.Nil {
		out.PartnerID = &p.PartnerID
	}
	return c.JSON(http.StatusOK, out)
}

type identifyIn struct {
	Cref      ID            `json:"cref"`
	UserID    string        `json:"user_id"`
	Signature Field[string] `json:"signature"`
}

type identifyJSON struct {
	FirstStitch     bool       `json:"first_stitch"`
	Verified        bool       `json:"verified"`
	RederivedEvents *int       `json:"rederived_events"` // null: job_id does it
	JobID           *uuid.UUID `json:"job_id,omitempty"`
}

// identify is called from the merchant's pages, so any origin may; it takes no cookies.
func (s *Server) identify(c echo.Context) error {
	allowAnyOrigin(c)
	var in identifyIn
	if err := read(c, &in); err != nil {
		return err
	}
	if in.Cref == (ID{}) {
		return fault.InvalidField("cref", "Give the cref of the visit.")
	}
	input := attribution.IdentifyInput{Cref: uuid.UUID(in.Cref), UserID: in.UserID, Signature: in.Signature.Value}
	done, err := s.Attribution.Identify(c.Request().Context(), input)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, identifyJSON{done.FirstStitch, done.Verified, done.RederivedEvents, done.JobID})
}

// identifyPreflight answers what a browser asks before it calls from another origin.
func (s *Server) identifyPreflight(c echo.Context) error {
	allowAnyOrigin(c)
	h := c.Response().Header()
	h.Set("Access-Control-Allow-Methods", http.MethodPost)
	h.Set("Access-Control-Allow-Headers", "Content-Type, Authorization, Idempotency-Key")
	h.Set("Access-Control-Max-Age", "86400")
	return c.NoContent(http.StatusNoContent)
}

func allowAnyOrigin(c echo.Context) {
	c.Response().Header().Set("Access-Control-Allow-Origin", "*")
}

type jobJSON struct {
	ID         uuid.UUID       `json:"id"`
	Kind       string          `json:"kind"`
	Status     string          `json:"status"`
	Progress   outbox.Progress `json:"progress"`
	Result     *freeForm       `json:"result"` // what it found out, by kind
	LastError  *string         `json:"last_error"`
	Attempts   int             `json:"attempts"`
	RunAt      stamp           `json:"run_at"`
	FinishedAt *stamp          `json:"finished_at"`
	CreatedAt  stamp           `json:"created_at"`
}

func (s *Server) jobsShow(c echo.Context) error {
	id, err := pathID(c, "id", "job")
	if err != nil {
		return err
	}
	j, err := outbox.Find(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, jobJSON{
		ID: j.ID, Kind: j.Kind, Status: j.Status, Progress: j.Counted(), Result: resultOf(j), LastError: j.LastError, Attempts: j.Attempts,
		RunAt: stamp(j.RunAt), FinishedAt: stampOf(j.FinishedAt), CreatedAt: stamp(j.CreatedAt),
	})
}

// resultOf is null for jobs that tell nothing.
func resultOf(j outbox.Row) *freeForm {
	if len(j.Result) == 0 {
		return nil
	}
	return &j.Result
}
