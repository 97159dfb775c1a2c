package partners

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/coupons"
	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/reports"
	"github.com/openpartner/openpartner/app/settings"
	"github.com/openpartner/openpartner/app/tracking"
	"github.com/openpartner/openpartner/views/chart"
	"github.com/openpartner/openpartner/views/figures"
	linksview "github.com/openpartner/openpartner/views/links"
	"github.com/openpartner/openpartner/views/ui"
)

// ShowPage is everything about one partner; lists hold the latest few.
type ShowPage struct {
	Partner     partners.Partner
	Series      []reports.Moment // of the last 30 days
	Balances    []commissions.Balance
	Promotions  []partners.Promotion
	Links       []linksview.Row
	Commissions []commissions.Commission
	Clicks      []tracking.Click
	Coupons     []coupons.Coupon
	History     []audit.Past
	MailRefused string              // what a server said to the last mail to them; empty when it took it
	Questions   []settings.Question // of the sign-up form, as it is today
	Editable    bool
	Now         time.Time
}

// gone reports whether the partner may not promote any more.
func (p ShowPage) gone() bool { return Gone(p.Partner.Status) }

// Gone reports whether a partner of this status may not promote any more.
func Gone(s partners.Status) bool {
	return s == partners.StatusRevoked || s == partners.StatusDeclined
}

// joining reports whether the partner has not accepted yet.
func (p ShowPage) joining() bool {
	return p.Partner.Status == partners.StatusInvited || p.Partner.Status == partners.StatusUnverified
}

func (p ShowPage) applied() bool { return p.Partner.Status == partners.StatusPendingReview }

// quiet reports whether there is nothing to show of what the partner did.
func (p ShowPage) quiet() bool {
	return len(p.Links) == 0 && len(p.Clicks) == 0 && len(p.Commissions) == 0
}

// promotes reports whether it makes sense to give the partner a link.
func (p ShowPage) promotes() bool { return !p.gone() && !p.applied() }

// ending says when and why the partner had to go.
func (p ShowPage) ending() string {
	if p.Partner.ErasedAt != nil {
		return "This person was erased on " + day(*p.Partner.ErasedAt) + ". What they earned and brought in stays."
	}
	words := "This partner was revoked"
	if p.Partner.Status == partners.StatusDeclined {
		words = "This application was declined"
	}
	if p.Partner.RevokedAt != nil {
		words += " on " + day(*p.Partner.RevokedAt)
	}
	if p.Partner.RevokeReason != nil {
		return words + ": " + *p.Partner.RevokeReason
	}
	return words + "."
}

func day(t time.Time) string { return t.UTC().Format("2 January 2006") }

func (p ShowPage) traffic() chart.Chart {
	c := figures.Traffic(p.Series)
	c.Height = 180
	return c
}

func (p ShowPage) stats() []ui.StatProps {
	sum := reports.Sum(p.Series)
	return []ui.StatProps{
		{Label: "Clicks", Value: figures.Count(sum.Clicks)},
		{Label: "Conversions", Value: figures.Count(sum.Conversions)},
		amounts("Revenue", figures.Amounts(sum, func(m reports.Money) int64 { return m.Revenue })),
		amounts("Commission", figures.Amounts(sum, reports.Money.Commission)),
	}
}

func amounts(label string, all []string) ui.StatProps {
	if len(all) == 0 {
		return ui.StatProps{Label: label, Value: "–"}
	}
	return ui.StatProps{Label: label, Value: all[0], More: all[1:]}
}

// balances are the sums by what has become of them; each currency by itself.
func (p ShowPage) balances() []ui.Definition {
	var out []ui.Definition
	for _, state := range []struct {
		status commissions.Status
		label  string
	}{
		{commissions.Approved, "Payable"}, {commissions.Pending, "Pending"}, {commissions.Held, "Held"}, {commissions.Paid, "Paid so far"},
	} {
		var sums []string
		for _, b := range p.Balances {
			if b.Status == state.status {
				sums = append(sums, money.Amount{Minor: b.Amount, Currency: b.Currency}.Format())
			}
		}
		out = append(out, ui.Definition{Term: state.label, Body: sumsOf(sums)})
	}
	return out
}

// profile are the facts about the person, without those that nobody told.
func (p ShowPage) profile() []ui.Definition {
	var out []ui.Definition
	add := func(term string, value *string, body func(string) ui.Definition) {
		if value != nil {
			d := body(*value)
			d.Term = term
			out = append(out, d)
		}
	}
	plain := func(value string) ui.Definition { return ui.Definition{Text: value} }
	add("Company", p.Partner.Profile.Company, plain)
	add("Website", p.Partner.Profile.Website, func(v string) ui.Definition { return ui.Definition{Body: ui.Link(v, ui.BareURL(v))} })
	add("Country", p.Partner.Profile.Country, plain)
	add("About them", p.Partner.Profile.Bio, plain)
	for _, one := range p.Partner.Profile.Platforms {
		out = append(out, ui.Definition{Term: one.Platform, Body: audience(one)})
	}
	out = append(out, ui.Definition{Term: "Source", Text: sourceWords(p.Partner.Source)}, ui.Definition{Term: "Added", Body: ui.Date(p.Partner.CreatedAt)})
	if p.Partner.TermsVersion != nil {
		out = append(out, ui.Definition{Term: "Agreed to the terms", Text: "Version " + *p.Partner.TermsVersion})
	}
	if p.Partner.ActivatedAt != nil {
		out = append(out, ui.Definition{Term: "Active since", Body: ui.Date(*p.Partner.ActivatedAt)})
	}
	return out
}

// questions are those of the sign-up form that the partner answered.
func (p ShowPage) questions() []string {
	return slices.Sorted(maps.Keys(p.Partner.Profile.Answers))
}

// asked is a question as it is asked today; one that is not any more has only its key.
func (p ShowPage) asked(key string) string {
	for _, q := range p.Questions {
		if q.Key == key {
			return q.Label
		}
	}
	return key
}

func followers(p partners.Platform) string {
	if p.Followers == nil {
		return ""
	}
	return figures.Count(*p.Followers) + " followers"
}

// ownRules says that a campaign pays this partner by rules of their own.
func ownRules(one partners.Promotion) string {
	if one.OwnRules == 1 {
		return "1 own rule"
	}
	return strconv.Itoa(one.OwnRules) + " own rules"
}

// cameFrom is the site that a visitor was on before.
func cameFrom(c tracking.Click) string {
	if c.Referer == nil {
		return "–"
	}
	u, err := url.Parse(*c.Referer)
	if err != nil || u.Host == "" {
		return "–"
	}
	return strings.TrimPrefix(u.Host, "www.")
}

func campaignOf(m commissions.Commission) string {
	if m.CampaignName == nil {
		return "–"
	}
	return *m.CampaignName
}

// deed says what was done, in words.
func deed(p audit.Past) string {
	switch p.Action {
	case "partner.created":
		return "Added"
	case "partner.signed_up":
		return "Signed up"
	case "partner.applied":
		return "Address confirmed, waits for review"
	case "partner.invited":
		return "Invited again"
	case "partner.activated":
		return "Joined"
	case "partner.approved":
		return "Application approved"
	case "partner.declined":
		return "Application declined"
	case "partner.revoked":
		return "Revoked"
	case "partner.reinstated":
		return "Reinstated"
	case "partner.updated":
		return "Details changed"
	case "partner.email_wanted":
		return "New address asked for"
	case "partner.email_changed":
		return "New address confirmed"
	case "partner.campaigns_set":
		return "Campaigns changed"
	case "partner.override_set":
		return "Own rules changed"
	case "partner.erased":
		return "Erased"
	case "mail.failed":
		return "A mail was refused"
	default:
		return ui.StatusLabel(strings.ReplaceAll(p.Action, ".", " "))
	}
}

// doer says who did it.
func doer(p audit.Past) string {
	switch {
	case p.ActorKind == "key" && p.ActorName != "":
		return "by the API key “" + p.ActorName + "”"
	case p.ActorName != "":
		return "by " + p.ActorName
	case p.ActorKind == "nobody":
		return "by a link in a mail"
	default:
		return "by the system"
	}
}
