package reports

import (
	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/reports"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/views/chart"
	"github.com/openpartner/openpartner/views/figures"
	"github.com/openpartner/openpartner/views/ui"
)

// ActivityPage is a partner's own report.
type ActivityPage struct {
	Scope

	Series             []reports.Moment
	Before             reports.Figures // as long before
	ByCampaign, ByLink []reports.Slice
	CSVHref            string
}

func (p ActivityPage) none() bool { return len(p.ByCampaign)+len(p.ByLink) == 0 }

func (p ActivityPage) currency() string { return figures.Currency(p.Series) }

func (p ActivityPage) stats() []ui.StatProps {
	now, currency := reports.Sum(p.Series), p.currency()
	count := func(label string, of func(reports.Figures) int64) ui.StatProps {
		return figures.Stat(label, figures.Count(of(now)), of(now), of(p.Before), p.against())
	}
	earned := now.In(currency).Commission()
	commission := figures.Stat("Commission", money.Amount{Minor: earned, Currency: currency}.Format(), earned, p.Before.In(currency).Commission(), p.against())
	for _, m := range now.Money {
		if m.Currency != currency && m.Commission() != 0 {
			commission.More = append(commission.More, money.Amount{Minor: m.Commission(), Currency: m.Currency}.Format())
		}
	}
	return []ui.StatProps{count("Clicks", clicks), count("Leads", leads), count("Conversions", conversions), commission}
}

func (p ActivityPage) chart() chart.Chart { return figures.Traffic(p.Series) }

// nameOf is what a slice is called; part says what it is a part of.
func nameOf(s reports.Slice, part string) string {
	if s.ID == uuid.Nil {
		return "Without a " + part
	}
	return s.Name
}

// linkHref leads to a link's own page.
func linkHref(u routes.URLs, s reports.Slice) string {
	if s.ID == uuid.Nil {
		return ""
	}
	return u.PortalLinkShow(s.ID)
}

// campaignHref narrows the report to a campaign.
func (p ActivityPage) campaignHref(s reports.Slice) string {
	if s.ID == uuid.Nil {
		return ""
	}
	return p.href(func(scope *Scope) { scope.CampaignID = s.ID.String() })
}
