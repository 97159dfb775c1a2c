package campaigns

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/person"
)

// Input is a campaign as it is written. For an edit nil means unchanged.
type Input struct {
	Name             *string
	DestinationURL   *string
	DeepLinkDomains  *[]string
	Status           *Status
	StartsAt         **time.Time
	EndsAt           **time.Time
	AttributionModel *Model
	WindowDays       *int
	CustomerLock     *bool
	HoldDays         *int
	AutoApprove      *bool
	Rules            *[]RuleInput

	// Unread says which inputs a surface could not read at all; it is told along with the rest.
	Unread fault.Fields
}

// RuleInput is a rule as it is written: rate in percent, or amount with its currency.
type RuleInput struct {
	EventType      string
	Trigger        string // defaults to every
	Kind           string
	Rate           string // "12.5"
	Amount         *int64 // minor units
	Currency       string
	DurationMonths *int
}

const (
	maxURL       = 2000
	maxDomains   = 20
	maxEventType = 80
	maxMonths    = 600
	maxDays      = 365
)

// defaults are the terms of a new campaign that says nothing else.
func defaults() Campaign {
	return Campaign{
		Status: Active, DeepLinkDomains: []string{},
		Terms: Terms{Version: 1, AttributionModel: LastClick, WindowDays: 60, CustomerLock: true},
	}
}

// apply checks the input and writes it over c.
func (in Input) apply(c *Campaign) error {
	fields := fault.Fields{}
	maps.Copy(fields, in.Unread)
	if in.Name != nil {
		c.Name = person.Name(fields, "name", *in.Name)
	}
	if in.DestinationURL != nil {
		c.DestinationURL = Destination(fields, "destination_url", *in.DestinationURL)
	}
	if in.DeepLinkDomains != nil {
		c.DeepLinkDomains = domains(fields, *in.DeepLinkDomains)
	}
	if in.Status != nil {
		c.Status = *in.Status
		if !slices.Contains(Statuses(), c.Status) {
			fields.Add("status", "Choose active, paused or archived.")
		}
	}
	if in.StartsAt != nil {
		c.StartsAt = *in.StartsAt
	}
	if in.EndsAt != nil {
		c.EndsAt = *in.EndsAt
	}
	if c.StartsAt != nil && c.EndsAt != nil && !c.StartsAt.Before(*c.EndsAt) {
		fields.Add("ends_at", "The end must be after the start.")
	}
	in.applyTerms(fields, &c.Terms)
	if in.Rules != nil {
		c.Rules = ReadRules(fields, *in.Rules)
		if len(*in.Rules) == 0 {
			fields.Add("rules", "A campaign needs at least one rule.")
		}
	}
	return fields.Err()
}

func (in Input) applyTerms(fields fault.Fields, t *Terms) {
	if in.AttributionModel != nil {
		t.AttributionModel = *in.AttributionModel
		if !slices.Contains(Models(), t.AttributionModel) {
			fields.Add("attribution_model", "Choose last_click, first_click, linear or position.")
		}
	}
	if in.WindowDays != nil {
		t.WindowDays = *in.WindowDays
		if t.WindowDays < 1 || t.WindowDays > maxDays {
			fields.Add("window_days", "Give a whole number of days from 1 to 365.")
		}
	}
	if in.CustomerLock != nil {
		t.CustomerLock = *in.CustomerLock
	}
	if in.HoldDays != nil {
		t.HoldDays = *in.HoldDays
		if t.HoldDays < 0 || t.HoldDays > maxDays {
			fields.Add("hold_days", "Give a whole number of days from 0 to 365.")
		}
	}
	if in.AutoApprove != nil {
		t.AutoApprove = *in.AutoApprove
	}
}

// Destination checks an address that visitors are sent to: http or https, with a host, and
// without a password.
func Destination(fields fault.Fields, field, text string) string {
	text = strings.TrimSpace(text)
	u, err := url.Parse(text)
	switch {
	case text == "":
		fields.Add(field, "Enter the address that visitors are sent to.")
	case len(text) > maxURL:
		fields.Add(field, "An address has at most 2000 characters.")
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil ||
		strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }):
		fields.Add(field, "Enter a whole web address, such as https://shop.example.com/welcome.")
	}
	return text
}

var domainForm = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$`)

func domains(fields fault.Fields, in []string) []string {
	out := []string{}
	for _, d := range in {
		d = strings.ToLower(strings.TrimSpace(d))
		if d == "" {
			continue
		}
		if !domainForm.MatchString(d) {
			fields.Add("deep_link_domains", "Write domains alone, such as shop.example.com.")
		}
		out = append(out, d)
	}
	slices.Sort(out)
	out = slices.Compact(out)
	if len(out) > maxDomains {
		fields.Add("deep_link_domains", "At most 20 domains.")
	}
	return out
}

// MaxRules is how many rules a campaign may have.
const MaxRules = 10

// ReadRules checks rules as they are written, without saving them; what is wrong is named as
// rules.2.rate.
func ReadRules(fields fault.Fields, in []RuleInput) []Rule {
	if len(in) > MaxRules {
		fields.Add("rules", "At most 10 rules.")
		return nil
	}
	out := make([]Rule, 0, len(in))
	for i, r := range in {
		out = append(out, r.rule(fields, i))
	}
	return out
}

func (in RuleInput) rule(fields fault.Fields, i int) Rule {
	at := func(name string) string { return "rules." + strconv.Itoa(i) + "." + name }
	r := Rule{Position: i, EventType: strings.TrimSpace(in.EventType), Trigger: Trigger(in.Trigger), Kind: RuleKind(in.Kind)}
	if r.Trigger == "" {
		r.Trigger = Every
	}
	if len(r.EventType) > maxEventType {
		fields.Add(at("event_type"), "An event type has at most 80 characters.")
	}
	switch r.Trigger {
	case Every:
	case First, Subsequent:
		if r.EventType == "" {
			fields.Add(at("event_type"), "A rule for the first or subsequent events needs an event type.")
		}
	default:
		fields.Add(at("trigger"), "Choose every, first or subsequent.")
	}
	switch r.Kind {
	case Percent:
		in.percent(fields, at, &r)
	case Fixed:
		in.fixed(fields, at, &r)
	default:
		fields.Add(at("kind"), "Choose percent or fixed.")
	}
	if in.DurationMonths != nil {
		r.DurationMonths = *in.DurationMonths
		if r.DurationMonths < 1 || r.DurationMonths > maxMonths {
			fields.Add(at("duration_months"), "Give a whole number of months from 1 to 600.")
		}
	}
	return r
}

func (in RuleInput) percent(fields fault.Fields, at func(string) string, r *Rule) {
	var err error
	if r.RatePPM, err = money.ParsePercent(in.Rate); err != nil {
		fields.Add(at("rate"), "Give a percentage above 0 up to 100 with at most four decimals, such as 20 or 12.5.")
	}
	if in.Amount != nil {
		fields.Add(at("amount"), "Only a fixed rule has an amount.")
	}
	if in.Currency != "" {
		fields.Add(at("currency"), "Only a fixed rule has a currency.")
	}
}

func (in RuleInput) fixed(fields fault.Fields, at func(string) string, r *Rule) {
	if in.Amount == nil || *in.Amount < 1 || *in.Amount > money.Max {
		fields.Add(at("amount"), "Give an amount above zero.")
	} else {
		r.Amount = *in.Amount
	}
	if r.Currency = in.Currency; !money.Valid(in.Currency) {
		fields.Add(at("currency"), "Give a currency as its three-letter code, such as USD.")
	}
	if in.Rate != "" {
		fields.Add(at("rate"), "Only a percent rule has a rate.")
	}
}
