package web

import (
	"context"
	"net/http"
	"slices"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/tenants"
	billingview "github.com/openpartner/openpartner/views/billing"
	"github.com/openpartner/openpartner/views/platform"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Platform) tenantsIndex(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	wrong := fault.Fields{}
	f := tenants.Filter{Query: q.text("q"), Status: chosenOf(q, wrong, "status", tenants.Statuses())}
	if err := wrong.Err(); err != nil {
		return err
	}
	found, err := s.tenants.List(c.Request().Context(), f, page)
	if err != nil {
		return err
	}
	return s.ok(c, "Programs", platform.Tenants(platform.TenantsPage{
		Tenants: found.Items, Filter: f, Now: s.Now(), Pager: pager(c, urls(c).PlatformTenants(), "#"+platform.TenantListID, found),
	}))
}

func (s *Platform) tenantsShow(c echo.Context) error {
	ctx := c.Request().Context()
	id, err := pathID(c, "id", "program")
	if err != nil {
		return err
	}
	t, err := s.tenants.Find(ctx, id)
	if err != nil {
		return err
	}
	log, err := audit.Platform(ctx, id, paging.First())
	if err != nil {
		return err
	}
	p := platform.TenantPage{Tenant: t, Log: log.Items, MayEdit: mayCommand(c), Now: s.Now()}
	if s.Billing.Bills() {
		a, err := s.Billing.Standing(ctx, id)
		if err != nil {
			return err
		}
		p.Plan = billingview.Plan(s.Billing.Mode)
		_, p.Pays = billingview.State(a)
	}
	return s.ok(c, t.Name, platform.Tenant(p))
}

// change is a step that staff take on a program, and how they are asked about it.
type change struct {
	to    string // what the form sends
	title string
	text  string
	label string
	step  func(ctx context.Context, id uuid.UUID, reason string) (tenants.Tenant, error)
}

func (s *Platform) changes() []change {
	return []change{
		{"suspend", "Suspend %?", "Its pages, links and API answer as if it did not exist, from this moment on. Nothing is lost; you can open it again.", "Suspend the program", s.tenants.Suspend},
		{"resume", "Open % again?", "Everything works as before, from this moment on.", "Open the program", s.tenants.Resume},
		{"cancel", "Close % for good?", "It is closed at once and deleted after 30 days, with everything it has. Until then you can open it again.", "Close the program", s.tenants.Cancel},
	}
}

func (s *Platform) change(f form) (change, error) {
	i := slices.IndexFunc(s.changes(), func(x change) bool { return x.to == f.text("to") })
	if i < 0 {
		return change{}, fault.InvalidField("to", "Choose suspend, resume or cancel.")
	}
	return s.changes()[i], nil
}

func (s *Platform) tenantStatusNew(c echo.Context) error {
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	return s.askStatus(c, http.StatusOK, q, "", "")
}

func (s *Platform) askStatus(c echo.Context, status int, f form, reason, wrong string) error {
	id, err := pathID(c, "id", "program")
	if err != nil {
		return err
	}
	x, err := s.change(f)
	if err != nil {
		return err
	}
	t, err := s.tenants.Find(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.confirm(c, status, platform.StatusQuestion(x.title, x.text, x.label, t.Name, ui.ConfirmProps{
		Action: urls(c).PlatformTenantStatus(id), CancelHref: urls(c).PlatformTenant(id), Danger: x.to != "resume",
	}), ui.Hidden("to", x.to), ui.Field(ui.FieldProps{
		Name: "reason", Label: "Reason", Value: reason, Error: wrong, Hint: "The program's admins see it in their log.", Required: true, MaxLength: 500,
	}))
}

func (s *Platform) tenantStatusCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	id, err := pathID(c, "id", "program")
	if err != nil {
		return err
	}
	x, err := s.change(f)
	if err != nil {
		return err
	}
	t, err := x.step(c.Request().Context(), id, f.text("reason"))
	if fields, wrong := fieldErrors(err); wrong {
		return s.askStatus(c, http.StatusUnprocessableEntity, f, f.text("reason"), fields["reason"])
	}
	if err != nil {
		return err
	}
	return s.done(c, t.Name+" is "+t.Status+" now.", urls(c).PlatformTenant(id))
}

// tenantVisitsCreate writes down, where the program's admins see it, that staff look at what is in
// it, and why.
func (s *Platform) tenantVisitsCreate(c echo.Context) error {
	ctx := c.Request().Context()
	f, err := readForm(c)
	if err != nil {
		return err
	}
	id, err := pathID(c, "id", "program")
	if err != nil {
		return err
	}
	err = s.tenants.Open(ctx, id, f.text("reason"))
	if fields, wrong := fieldErrors(err); wrong {
		return s.formPage(c, http.StatusUnprocessableEntity, ui.HeaderProps{Title: "Look into the program"},
			platform.VisitForm(urls(c).PlatformTenantVisits(id), f.text("reason"), fields["reason"]))
	}
	if err != nil {
		return err
	}
	return redirect(c, urls(c).PlatformTenantInside(id))
}

func (s *Platform) tenantInsideShow(c echo.Context) error {
	id, err := pathID(c, "id", "program")
	if err != nil {
		return err
	}
	inside, err := s.tenants.Inside(c.Request().Context(), id)
	if fault.Is(err, fault.KindForbidden) {
		return redirect(c, urls(c).PlatformTenant(id)) // the visit is over: say the reason again
	}
	if err != nil {
		return err
	}
	return s.ok(c, inside.Tenant.Name, platform.Inside(platform.InsidePage{Inside: inside, Now: s.Now()}))
}

func (s *Platform) platformAuditIndex(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	found, err := audit.Platform(c.Request().Context(), uuid.Nil, page)
	if err != nil {
		return err
	}
	return s.ok(c, "Log", platform.Log(platform.LogPage{Entries: found.Items, Now: s.Now(), Pager: pager(c, urls(c).PlatformAudit(), "", found)}))
}
