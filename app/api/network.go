package api

import (
	"context"
	"net/http"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/network"
	"github.com/openpartner/openpartner/app/protocol"
)

type networkIn struct {
	AutoEnroll Field[bool]   `json:"auto_enroll"`
	Paused     Field[bool]   `json:"paused"`
	URL        Field[string] `json:"url"`
}

// networkJSON says how the program stands to the Network. The token is never in it.
type networkJSON struct {
	State       string  `json:"state"`
	URL         *string `json:"url"`
	VendorID    *string `json:"vendor_id"`
	DisplayName *string `json:"display_name"`
	AutoEnroll  bool    `json:"auto_enroll"`
	HasToken    bool    `json:"has_token"`
	Pending     int     `json:"pending"`
	Dead        int     `json:"dead"`
	LastError   *string `json:"last_error"`
	HeartbeatAt *stamp  `json:"heartbeat_at"`
}

func writeNetwork(c echo.Context, o network.Overview, err error) error {
	if err != nil {
		return err
	}
	out := networkJSON{
		State: string(o.State), VendorID: o.VendorID, DisplayName: o.DisplayName, AutoEnroll: o.AutoEnroll, HasToken: o.TokenCiphertext != nil,
		Pending: o.Pending, Dead: o.Dead, LastError: o.LastError, HeartbeatAt: stampOf(o.HeartbeatAt),
	}
	if o.Hub != "" {
		out.URL = &o.Hub
	}
	return c.JSON(http.StatusOK, out)
}

func (s *Server) networkShow(c echo.Context) error {
	o, err := s.Network.Show(c.Request().Context())
	return writeNetwork(c, o, err)
}

func (s *Server) networkUpdate(c echo.Context) error {
	var in networkIn
	if err := read(c, &in); err != nil {
		return err
	}
	o, err := s.Network.Update(c.Request().Context(), network.Change{AutoEnroll: in.AutoEnroll.Ptr(), Paused: in.Paused.Ptr(), URL: in.URL.Ptr()})
	return writeNetwork(c, o, err)
}

type networkConnectIn struct {
	ContactEmail string        `json:"contact_email"`
	ContactName  Field[string] `json:"contact_name"`
	DisplayName  string        `json:"display_name"`
}

type networkConnectJSON struct {
	VendorID  string `json:"vendor_id"`
	Status    string `json:"status"`
	EmailSent bool   `json:"email_sent"`
}

func (s *Server) networkConnect(c echo.Context) error {
	var in networkConnectIn
	if err := read(c, &in); err != nil {
		return err
	}
	answer, err := s.Network.Connect(c.Request().Context(), s.Edge.Run, network.ConnectInput{
		ContactEmail: in.ContactEmail, ContactName: in.ContactName.Value, DisplayName: in.DisplayName,
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, networkConnectJSON{answer.VendorID, "pending", answer.EmailSent})
}

type networkCompleteIn struct {
	NToken string `json:"ntoken"`
	State  string `json:"state"`
}

type networkCompleteJSON struct {
	OK          bool   `json:"ok"`
	VendorID    string `json:"vendor_id"`
	DisplayName string `json:"display_name"`
}

func (s *Server) networkComplete(c echo.Context) error {
	var in networkCompleteIn
	if err := read(c, &in); err != nil {
		return err
	}
	answer, err := s.Network.Complete(c.Request().Context(), s.Edge.Run, in.NToken, in.State)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, networkCompleteJSON{true, answer.VendorID, answer.DisplayName})
}

// networkStands answers with how the program stands after what a detached handler did.
func (s *Server) networkStands(c echo.Context) error {
	var o network.Overview
	ctx := c.Request().Context()
	err := s.Edge.Run(ctx, true, func(ctx context.Context) (err error) {
		o, err = s.Network.Show(ctx)
		return err
	})
	return writeNetwork(c, o, err)
}

func (s *Server) networkDisconnect(c echo.Context) error {
	if err := read(c, &nothing{}); err != nil {
		return err
	}
	if err := s.Network.Disconnect(c.Request().Context(), s.Edge.Run); err != nil {
		return err
	}
	return s.networkStands(c)
}

func (s *Server) networkRotate(c echo.Context) error {
	if err := read(c, &nothing{}); err != nil {
		return err
	}
	if err := s.Network.Rotate(c.Request().Context(), s.Edge.Run); err != nil {
		return err
	}
	return s.networkStands(c)
}

type networkBackfillJSON struct {
	JobID uuid.UUID `json:"job_id"`
	Total int64     `json:"total"`
}

func (s *Server) networkBackfill(c echo.Context) error {
	if err := read(c, &nothing{}); err != nil {
		return err
	}
	job, total, err := s.Network.Backfill(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, networkBackfillJSON{job, total})
}

type networkMessageJSON struct {
	ID            uuid.UUID `json:"id"`
	PartnerID     uuid.UUID `json:"partner_id"`
	Op            string    `json:"op"`
	Sequence      int64     `json:"sequence"`
	Status        string    `json:"status"`
	Attempts      int       `json:"attempts"`
	NextAttemptAt *stamp    `json:"next_attempt_at"`
	LastAttemptAt *stamp    `json:"last_attempt_at"`
	LastError     *string   `json:"last_error"`
	CreatedAt     stamp     `json:"created_at"`
}

func networkMessageOf(m network.Message) networkMessageJSON {
	out := networkMessageJSON{
		ID: m.ID, PartnerID: m.PartnerID, Op: string(m.Op), Sequence: m.Sequence, Status: m.Status, Attempts: m.Attempts,
		LastAttemptAt: stampOf(m.LastAttemptAt), LastError: m.LastError, CreatedAt: stamp(m.CreatedAt),
	}
	if m.Status == network.StatusPending {
		out.NextAttemptAt = stampOf(&m.NextAttemptAt)
	}
	return out
}

func (s *Server) networkOutboxIndex(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	status, err := queryChoice(c, "status", []string{network.StatusPending, network.StatusDead})
	if err != nil {
		return err
	}
	found, err := s.Network.Messages(c.Request().Context(), network.MessageFilter{Status: status}, page)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(found, networkMessageOf))
}

func (s *Server) networkOutboxRetry(c echo.Context) error {
	if err := read(c, &nothing{}); err != nil {
		return err
	}
	id, err := pathID(c, "id", "message")
	if err != nil {
		return err
	}
	m, err := s.Network.Retry(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, networkMessageOf(m))
}

type networkRetriedJSON struct {
	Retried int `json:"retried"`
}

func (s *Server) networkOutboxRetryAll(c echo.Context) error {
	if err := read(c, &nothing{}); err != nil {
		return err
	}
	n, err := s.Network.RetryAll(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, networkRetriedJSON{n})
}

func (s *Server) networkOutboxDelete(c echo.Context) error {
	id, err := pathID(c, "id", "message")
	if err != nil {
		return err
	}
	if err := s.Network.Discard(c.Request().Context(), id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (s *Server) networkMe(c echo.Context) error {
	v, err := s.Network.Me(c.Request().Context(), s.Edge.Run)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, v)
}

// networkOfferingIn is an offering as an admin writes it. What its campaign pays is not theirs to say:
// commission_summary and cookie_window_days are taken from the campaign, whatever is sent.
type networkOfferingIn struct {
	Title             Field[string]   `json:"title"`
	Description       Field[string]   `json:"description"`
	ProductURL        Field[string]   `json:"product_url"`
	CampaignID        Field[ID]       `json:"campaign_id"`
	CommissionSummary Field[string]   `json:"commission_summary"`
	CookieWindowDays  Field[int64]    `json:"cookie_window_days"`
	Categories        Field[[]string] `json:"categories"`
	Published         Field[bool]     `json:"published"`
}

func (in networkOfferingIn) draft() network.Draft {
	d := network.Draft{
		Title: in.Title.Ptr(), Description: in.Description.Ptr(), ProductURL: in.ProductURL.Ptr(), Categories: in.Categories.Ptr(), Published: in.Published.Ptr(),
	}
	if in.CampaignID.Set {
		id := uuid.UUID(in.CampaignID.Value)
		d.CampaignID = &id
	}
	return d
}

func (s *Server) networkOfferingsIndex(c echo.Context) error {
	all, err := s.Network.Offerings(c.Request().Context(), s.Edge.Run)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, list[protocol.Offering]{Data: append([]protocol.Offering{}, all...)})
}

func (s *Server) networkOfferingsCreate(c echo.Context) error {
	var in networkOfferingIn
	if err := read(c, &in); err != nil {
		return err
	}
	o, err := s.Network.CreateOffering(c.Request().Context(), s.Edge.Run, in.draft())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, o)
}

func (s *Server) networkOfferingsUpdate(c echo.Context) error {
	var in networkOfferingIn
	if err := read(c, &in); err != nil {
		return err
	}
	o, err := s.Network.UpdateOffering(c.Request().Context(), s.Edge.Run, c.Param("offering_id"), in.draft())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, o)
}

func (s *Server) networkOfferingsDelete(c echo.Context) error {
	if err := s.Network.DeleteOffering(c.Request().Context(), s.Edge.Run, c.Param("offering_id")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (s *Server) networkRequestsIndex(c echo.Context) error {
	status, err := queryChoice(c, "status", network.RequestStatuses())
	if err != nil {
		return err
	}
	all, err := s.Network.Requests(c.Request().Context(), s.Edge.Run, status)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, list[protocol.Request]{Data: append([]protocol.Request{}, all...)})
}

type networkDecisionIn struct {
	Note Field[string] `json:"note"`
}

func (s *Server) networkRequestsApprove(c echo.Context) error {
	var in networkDecisionIn
	if err := read(c, &in); err != nil {
		return err
	}
	answer, err := s.Network.Approve(c.Request().Context(), s.Edge.Run, c.Param("request_id"), in.Note.Value)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, answer)
}

func (s *Server) networkRequestsReject(c echo.Context) error {
	var in networkDecisionIn
	if err := read(c, &in); err != nil {
		return err
	}
	answer, err := s.Network.Reject(c.Request().Context(), s.Edge.Run, c.Param("request_id"), in.Note.Value)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, answer)
}
