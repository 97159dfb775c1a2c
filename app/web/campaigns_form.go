package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/money"
	campaignsview "github.com/openpartner/openpartner/views/campaigns"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Server) campaignsNew(c echo.Context) error {
	return s.campaignForm(c, http.StatusOK, "New campaign", campaignsview.NewForm())
}

func (s *Server) campaignsCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	p := f.campaignPage()
	if f.step(&p) {
		return s.campaignForm(c, http.StatusOK, "New campaign", p)
	}
	made, err := s.Campaigns.Create(c.Request().Context(), campaignInput(p))
	if fields, wrong := fieldErrors(err); wrong {
		p.Errors = fields
		return s.campaignForm(c, http.StatusUnprocessableEntity, "New campaign", p)
	}
	if err != nil {
		return err
	}
	return s.done(c, "“"+made.Name+"” is ready. Grant it to partners so that they get links.", urls(c).CampaignShow(made.ID))
}

func (s *Server) campaignsEdit(c echo.Context) error {
	id, err := pathID(c, "id", "campaign")
	if err != nil {
		return err
	}
	found, err := s.Campaigns.Find(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.campaignForm(c, http.StatusOK, found.Name, campaignsview.EditForm(found))
}

func (s *Server) campaignsUpdate(c echo.Context) error {
	ctx := c.Request().Context()
	id, err := pathID(c, "id", "campaign")
	if err != nil {
		return err
	}
	before, err := s.Campaigns.Find(ctx, id)
	if err != nil {
		return err
	}
	f, err := readForm(c)
	if err != nil {
		return err
	}
	p := f.campaignPage()
	p.ID = id
	if f.step(&p) {
		return s.campaignForm(c, http.StatusOK, before.Name, p)
	}
	changed, err := s.Campaigns.Update(ctx, id, changesTo(before, p))
	if fields, wrong := fieldErrors(err); wrong {
		p.Errors = fields
		return s.campaignForm(c, http.StatusUnprocessableEntity, before.Name, p)
	}
	if err != nil {
		return err
	}
	return s.done(c, "Saved. “"+changed.Name+"” pays by this from now on.", urls(c).CampaignShow(id))
}

// campaignForm shows the form with its example worked out.
func (s *Server) campaignForm(c echo.Context, status int, title string, p campaignsview.FormPage) error {
	p.Example = exampleOf(p)
	return s.formPage(c, status, campaignHeader(c, title, p), campaignsview.Form(p))
}

// campaignBody shows the form as a page of its own, wherever the request came from.
func (s *Server) campaignBody(c echo.Context, title string, p campaignsview.FormPage) error {
	p.Example = exampleOf(p)
	head := campaignHeader(c, title, p)
	return s.ok(c, head.Title, templ.Join(ui.PageHeader(head), campaignsview.Form(p)))
}

func campaignHeader(c echo.Context, title string, p campaignsview.FormPage) ui.HeaderProps {
	head := ui.HeaderProps{Title: title, Crumbs: []ui.Crumb{{Label: "Campaigns", Href: urls(c).Campaigns()}}}
	if p.ID != uuid.Nil {
		head.Title, head.Subtitle = "Edit "+title, "What you save counts from that moment on. The past stays as it was."
		head.Crumbs = append(head.Crumbs, ui.Crumb{Label: title, Href: urls(c).CampaignShow(p.ID)})
	}
	return head
}

// campaignExamplesCreate computes what the rules of a form would pay. It saves nothing.
func (s *Server) campaignExamplesCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	return s.ok(c, "Worked example", campaignsview.ExampleLines(exampleOf(f.campaignPage())))
}

func exampleOf(p campaignsview.FormPage) campaignsview.Example {
	wrong := fault.Fields{}
	rules := campaigns.ReadRules(wrong, ruleInputs(wrong, p.Rules))
	return campaignsview.NewExample(rules, wrong, p.Sample)
}

// campaignPage is the form as it was typed.
func (f form) campaignPage() campaignsview.FormPage {
	return campaignsview.FormPage{
		Name: f.text("name"), DestinationURL: f.text("destination_url"), DeepLinkDomains: f.Get("deep_link_domains"),
		Model: f.text("attribution_model"), WindowDays: f.text("window_days"), HoldDays: f.text("hold_days"),
		StartsAt: f.text("starts_at"), EndsAt: f.text("ends_at"),
		CustomerLock: f.checked("customer_lock"), AutoApprove: f.checked("auto_approve"), Rules: f.ruleRows(),
		Sample: campaignsview.Sample{Amount: f.text("sample.amount"), Currency: f.code("sample.currency"), Type: f.text("sample.type")},
	}
}

// ruleRows reads the rules, and one more than there may be, so that too many are refused.
func (f form) ruleRows() []campaignsview.RuleRow {
	var rows []campaignsview.RuleRow
	for i := range campaigns.MaxRules + 1 {
		at := "rules." + strconv.Itoa(i) + "."
		if !f.Has(at + "kind") {
			break
		}
		rows = append(rows, campaignsview.RuleRow{
			EventType: f.text(at + "event_type"), Trigger: f.text(at + "trigger"), Kind: f.text(at + "kind"),
			Rate: f.text(at + "rate"), Amount: f.text(at + "amount"), Currency: f.code(at + "currency"), Months: f.text(at + "duration_months"),
		})
	}
	return rows
}

// code is a currency, which people may write in small letters.
func (f form) code(name string) string { return strings.ToUpper(f.text(name)) }

// step does what a button other than the one that saves asks for, and reports whether there was
// one.
func (f form) step(p *campaignsview.FormPage) bool {
	what, number, _ := strings.Cut(f.text("step"), ".")
	switch what {
	case "add":
		p.AddRule()
	case "remove":
		if i, err := strconv.Atoi(number); err == nil {
			p.RemoveRule(i)
		}
	}
	return what != ""
}

// campaignInput reads what was typed. What can't be read at all is noted; what can be is judged
// by the service.
func campaignInput(p campaignsview.FormPage) campaigns.Input {
	unread := fault.Fields{}
	domains := strings.Split(p.DeepLinkDomains, "\n")
	model := campaigns.Model(p.Model)
	window, hold := number(p.WindowDays), number(p.HoldDays)
	starts, ends := day(unread, "starts_at", p.StartsAt, 0), day(unread, "ends_at", p.EndsAt, 1)
	rules := ruleInputs(unread, p.Rules)
	return campaigns.Input{
		Name: &p.Name, DestinationURL: &p.DestinationURL, DeepLinkDomains: &domains, StartsAt: &starts, EndsAt: &ends,
		AttributionModel: &model, WindowDays: &window, CustomerLock: &p.CustomerLock, HoldDays: &hold, AutoApprove: &p.AutoApprove,
		Rules: &rules, Unread: unread,
	}
}

// changesTo is campaignInput for a campaign that exists: dates that the form shows as days keep
// their time unless somebody changed them.
func changesTo(before campaigns.Campaign, p campaignsview.FormPage) campaigns.Input {
	in := campaignInput(p)
	if p.StartsAt == campaignsview.FirstDay(before.StartsAt) {
		in.StartsAt = nil
	}
	if p.EndsAt == campaignsview.LastDay(before.EndsAt) {
		in.EndsAt = nil
	}
	return in
}

// ruleInputs reads rules; only what belongs to the chosen kind counts.
func ruleInputs(unread fault.Fields, rows []campaignsview.RuleRow) []campaigns.RuleInput {
	out := make([]campaigns.RuleInput, 0, len(rows))
	for i, row := range rows {
		in := campaigns.RuleInput{EventType: row.EventType, Trigger: row.Trigger, Kind: row.Kind}
		if row.Kind == string(campaigns.Fixed) {
			in.Currency = row.Currency
			in.Amount = amount(unread, "rules."+strconv.Itoa(i)+".amount", row.Amount, row.Currency)
		} else {
			in.Rate = strings.TrimSpace(strings.TrimSuffix(row.Rate, "%"))
		}
		if row.Months != "" {
			months := number(row.Months)
			in.DurationMonths = &months
		}
		out = append(out, in)
	}
	return out
}

// amount reads money as people write it; nil when it can't be read. Before the currency is right
// an amount can't be judged, so only the currency is refused then.
func amount(unread fault.Fields, field, text, currency string) *int64 {
	a, err := money.ParseDecimal(text, currency)
	digits, known := money.Exponent(currency)
	switch {
	case err == nil:
		return &a.Minor
	case !known && text != "":
		unjudged := int64(1)
		return &unjudged
	case known:
		unread.Add(field, "Write the amount as a number with at most "+strconv.Itoa(digits)+" decimals, such as "+
			money.Amount{Minor: 1250, Currency: currency}.Decimal()+".")
	}
	return nil
}

// number reads a whole number. What is none becomes one that every service refuses where it
// asks for a number of things.
func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}

// day reads a date, some days later; nil when it is empty.
func day(unread fault.Fields, field, text string, later int) *time.Time {
	if text == "" {
		return nil
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		unread.Add(field, "Give a day such as 2027-01-31.")
		return nil
	}
	t = t.AddDate(0, 0, later)
	return &t
}
