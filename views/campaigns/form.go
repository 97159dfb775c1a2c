package campaigns

import (
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/views/ui"
)

const (
	formID    = "campaign-form"
	exampleID = "campaign-example"
)

// FormPage is a campaign as it was typed.
type FormPage struct {
	ID                          uuid.UUID // zero for a new one
	Name, DestinationURL        string
	DeepLinkDomains             string // one a line
	Model, WindowDays, HoldDays string
	StartsAt, EndsAt            string // days; the campaign runs on both
	CustomerLock, AutoApprove   bool
	Rules                       []RuleRow
	Focus                       int // the rule to go on with, counted from 1; 0 for none
	Sample                      Sample
	Example                     Example
	Errors                      fault.Fields
}

// RuleRow is a rule as it was typed.
type RuleRow struct {
	EventType, Trigger, Kind, Rate, Amount, Currency, Months string
}

// NewForm is the form of a new campaign, with what most programs begin with.
func NewForm() FormPage {
	return FormPage{
		Model: string(campaigns.LastClick), WindowDays: "60", HoldDays: "30", CustomerLock: true,
		Rules:  []RuleRow{{Trigger: string(campaigns.Every), Kind: string(campaigns.Percent), Rate: "20", Currency: usual}},
		Sample: SampleFor(nil),
	}
}

// EditForm is the form of a campaign that exists.
func EditForm(c campaigns.Campaign) FormPage {
	p := FormPage{
		ID: c.ID, Name: c.Name, DestinationURL: c.DestinationURL, DeepLinkDomains: strings.Join(c.DeepLinkDomains, "\n"),
		Model: string(c.AttributionModel), WindowDays: strconv.Itoa(c.WindowDays), HoldDays: strconv.Itoa(c.HoldDays),
		StartsAt: FirstDay(c.StartsAt), EndsAt: LastDay(c.EndsAt), CustomerLock: c.CustomerLock, AutoApprove: c.AutoApprove,
		Sample: SampleFor(c.Rules),
	}
	for _, r := range c.Rules {
		row := RuleRow{EventType: r.EventType, Trigger: string(r.Trigger), Kind: string(r.Kind), Currency: p.Sample.Currency}
		if r.Kind == campaigns.Percent {
			row.Rate = money.FormatPercent(r.RatePPM)
		} else {
			row.Amount, row.Currency = money.Amount{Minor: r.Amount, Currency: r.Currency}.Decimal(), r.Currency
		}
		if r.DurationMonths > 0 {
			row.Months = strconv.Itoa(r.DurationMonths)
		}
		p.Rules = append(p.Rules, row)
	}
	return p
}

// FirstDay is a start as a form writes it; empty for none.
func FirstDay(start *time.Time) string {
	if start == nil {
		return ""
	}
	return start.UTC().Format(time.DateOnly)
}

// LastDay is an end as a form writes it: the last day on which the campaign runs.
func LastDay(end *time.Time) string {
	if end == nil {
		return ""
	}
	return end.Add(-1).UTC().Format(time.DateOnly)
}

// AddRule adds an empty row and leads to it.
func (p *FormPage) AddRule() {
	if len(p.Rules) >= campaigns.MaxRules {
		return
	}
	row := RuleRow{Trigger: string(campaigns.Every), Kind: string(campaigns.Percent), Currency: usual}
	if n := len(p.Rules); n > 0 {
		row.Currency = p.Rules[n-1].Currency
	}
	p.Rules = append(p.Rules, row)
	p.Focus = len(p.Rules)
}

// RemoveRule takes a row away, counted from 0, and leads to the one before; the last stays.
func (p *FormPage) RemoveRule(i int) {
	if i < 0 || i >= len(p.Rules) || len(p.Rules) == 1 {
		return
	}
	p.Rules = append(p.Rules[:i:i], p.Rules[i+1:]...)
	p.Focus = max(i, 1)
}

func (p FormPage) action(u routes.URLs) string {
	if p.ID == uuid.Nil {
		return u.Campaigns()
	}
	return u.CampaignShow(p.ID)
}

func (p FormPage) cancel(u routes.URLs) string { return p.action(u) }

func (p FormPage) submit() string {
	if p.ID == uuid.Nil {
		return "Create the campaign"
	}
	return "Save from now on"
}

// field names an input of a rule as the service names what is wrong with it.
func field(i int, name string) string { return "rules." + strconv.Itoa(i) + "." + name }

func (p FormPage) wrong(i int, name string) string { return p.Errors[field(i, name)] }

// focuses reports whether the amount or the rate of a rule is where to go on.
func (p FormPage) focuses(i int, kind campaigns.RuleKind) bool {
	return p.Focus == i+1 && (p.Rules[i].Kind == string(campaigns.Fixed)) == (kind == campaigns.Fixed)
}

func models() []ui.Option {
	var out []ui.Option
	for _, m := range campaigns.Models() {
		name, sentence := modelWords(m)
		out = append(out, ui.Option{Value: string(m), Label: name, Hint: sentence})
	}
	return out
}

func kinds() []ui.Option {
	return []ui.Option{
		{Value: string(campaigns.Percent), Label: "A share"},
		{Value: string(campaigns.Fixed), Label: "A fixed amount"},
	}
}

func triggers() []ui.Option {
	return []ui.Option{
		{Value: string(campaigns.Every), Label: "Every event"},
		{Value: string(campaigns.First), Label: "The first only"},
		{Value: string(campaigns.Subsequent), Label: "All but the first"},
	}
}
