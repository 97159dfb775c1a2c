package reports

import (
	"slices"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/reports"
	"github.com/openpartner/openpartner/views/figures"
	"github.com/openpartner/openpartner/views/ui"
)

// PartnersPage is the report of what partners brought in.
type PartnersPage struct {
	Scope

	Now, Before reports.Figures // of all partners
	Currency    string          // the one that money is ordered by
	Rows        []reports.PartnerFigures
	Earlier     map[uuid.UUID]reports.Figures // of these partners, as long before
	By          reports.Order
	Pager       ui.PagerProps
}

func (p PartnersPage) stats() []ui.StatProps {
	count := func(label string, of func(reports.Figures) int64) ui.StatProps {
		return figures.Stat(label, figures.Count(of(p.Now)), of(p.Now), of(p.Before), p.against())
	}
	amount := func(label string, of func(reports.Money) int64) ui.StatProps {
		now := of(p.Now.In(p.Currency))
		s := figures.Stat(label, money.Amount{Minor: now, Currency: p.Currency}.Format(), now, of(p.Before.In(p.Currency)), p.against())
		for _, m := range p.Now.Money {
			if m.Currency != p.Currency && of(m) != 0 {
				s.More = append(s.More, money.Amount{Minor: of(m), Currency: m.Currency}.Format())
			}
		}
		return s
	}
	return []ui.StatProps{
		count("Clicks", clicks), count("Conversions", conversions), amount("Revenue", revenue), amount("Commission", reports.Money.Commission),
	}
}

func clicks(f reports.Figures) int64      { return f.Clicks }
func leads(f reports.Figures) int64       { return f.Leads }
func conversions(f reports.Figures) int64 { return f.Conversions }
func revenue(m reports.Money) int64       { return m.Revenue }

// columns can be ordered by, all but the first.
func (p PartnersPage) columns() []ui.Column {
	out := []ui.Column{{Label: "Partner"}}
	labels := map[reports.Order]string{
		reports.ByClicks: "Clicks", reports.ByLeads: "Leads", reports.ByConversions: "Conversions", reports.ByRevenue: "Revenue",
		reports.ByCommission: "Commission",
	}
	for _, by := range reports.Orders() {
		q := p.query()
		q.Set("sort", string(by))
		c := ui.Column{Label: labels[by], Numeric: true, SortHref: p.Path + "?" + q.Encode()}
		if by == p.By {
			c.Sorted = "descending"
		}
		out = append(out, c)
	}
	return out
}

// note says what the figures are compared by.
func (p PartnersPage) note() string {
	text := "Changes are " + p.against() + "."
	if byMoney := p.By == reports.ByRevenue || p.By == reports.ByCommission; byMoney && len(p.Now.Money) > 1 {
		text = "Ordered by what is in " + p.Currency + "; currencies are never added. " + text
	}
	return text
}

// amount is what a partner brought in or earned in one currency.
type amount struct {
	text   string
	change ui.ChangeProps
}

func (p PartnersPage) amounts(one reports.PartnerFigures, of func(reports.Money) int64) []amount {
	var out []amount
	for _, m := range one.Money {
		if of(m) == 0 {
			continue
		}
		a := amount{text: money.Amount{Minor: of(m), Currency: m.Currency}.Format(), change: changed(of(m), of(p.Earlier[one.PartnerID].In(m.Currency)))}
		if m.Currency == p.Currency { // what is compared stands first
			out = slices.Insert(out, 0, a)
		} else {
			out = append(out, a)
		}
	}
	return out
}

// few is how many of something say nothing by their change: from two to three is no trend.
const few = 10

func (p PartnersPage) change(one reports.PartnerFigures, of func(reports.Figures) int64) ui.ChangeProps {
	now, before := of(one.Figures), of(p.Earlier[one.PartnerID])
	if max(now, before) < few {
		return ui.ChangeProps{}
	}
	return changed(now, before)
}

// changed leaves out what did not change: rows of zeros hide the others.
func changed(now, before int64) (c ui.ChangeProps) {
	if c.Text, c.Trend = figures.Change(now, before); c.Trend == ui.Flat {
		return ui.ChangeProps{}
	}
	return c
}
