// Package reports adds up what a program brought in and what it cost.
//
// It reads the daily sums that features write together with their facts, so that a report over
// ten million clicks costs what one over ten thousand does, and writes nothing. Invariant: a
// figure over a range is the sum of its buckets, and money of different currencies is never
// added.
package reports

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
)

// Bucket is the length of time that figures are added up over.
type Bucket string

// The buckets. Weeks begin on Monday; both are in UTC.
const (
	Day  Bucket = "day"
	Week Bucket = "week"
)

const (
	defaultDays = 30
	maxDays     = 800
	scope       = "reports:read"
)

// Filter is what is added up, in whole days of UTC: a time stands for its day. Without dates it
// is the last 30 days, today included.
type Filter struct {
	From, To   *time.Time // To is exclusive; a time within a day takes that day in
	PartnerID  *uuid.UUID
	CampaignID *uuid.UUID
}

// Money is what moved in one currency, in minor units.
type Money struct {
	Currency                      string
	Revenue                       int64 // of attributed sales, less what was refunded in the time
	Pending, Held, Approved, Paid int64 // commission, by what has become of it
}

// Commission is all commission that was not reversed.
func (m Money) Commission() int64 { return m.Pending + m.Held + m.Approved + m.Paid }

// Figures are what happened in a time.
type Figures struct {
	Clicks      int64 // without flagged ones
	Leads       int64 // attributed events without an amount
	Conversions int64 // attributed events with one
	Money       []Money
}

// In gives the money of one currency.
func (f Figures) In(currency string) Money {
	for _, m := range f.Money {
		if m.Currency == currency {
			return m
		}
	}
	return Money{Currency: currency}
}

// Moment is one bucket of a series.
type Moment struct {
	Start time.Time
	Figures
}

// PartnerFigures are the figures of one partner.
type PartnerFigures struct {
	PartnerID uuid.UUID
	Name      string
	Email     string
	Figures

	rank int64 // the figure that the list is ordered by
}

// Service reads reports.
type Service struct{ now func() time.Time }

// NewService makes the service.
func NewService(now func() time.Time) *Service { return &Service{now: now} }

// Overview adds up the whole range.
func (s *Service) Overview(ctx context.Context, f Filter) (Figures, error) {
	series, err := s.Timeseries(ctx, f, Day)
	if err != nil {
		return Figures{}, err
	}
	return Sum(series), nil
}

// Sum adds the buckets of a series up.
func Sum(series []Moment) Figures {
	var sum Figures
	for _, m := range series {
		sum.add(m.Figures)
	}
	return sum
}

// Timeseries gives every bucket of the range, empty ones too, oldest first. Partners see their
// own part.
func (s *Service) Timeseries(ctx context.Context, f Filter, b Bucket) ([]Moment, error) {
	f, err := f.own(ctx)
	if err != nil {
		return nil, err
	}
	r, err := s.span(f)
	if err != nil {
		return nil, err
	}
	return b.series(ctx, r)
}

func (b Bucket) series(ctx context.Context, r span) ([]Moment, error) {
	if b != Day && b != Week {
		return nil, fault.InvalidField("bucket", "Choose day or week.")
	}
	rows, err := figuresByDay(ctx, r)
	if err != nil {
		return nil, err
	}
	return b.fill(r, rows), nil
}

// own keeps partners to their own part; others need the right to see all of it.
func (f Filter) own(ctx context.Context) (Filter, error) {
	if own := auth.From(ctx).PartnerID; own != uuid.Nil {
		f.PartnerID = &own
		return f, nil
	}
	return f, auth.Require(ctx, scope)
}

// span is a filter with its dates filled in: whole days.
type span struct {
	from, to          time.Time
	partner, campaign *uuid.UUID
}

func (s *Service) span(f Filter) (span, error) {
	r := span{to: day(s.now()).AddDate(0, 0, 1), partner: f.PartnerID, campaign: f.CampaignID}
	if f.To != nil {
		if r.to = day(*f.To); r.to.Before(*f.To) {
			r.to = r.to.AddDate(0, 0, 1)
		}
	}
	r.from = r.to.AddDate(0, 0, -defaultDays)
	if f.From != nil {
		r.from = day(*f.From)
	}
	switch {
	case !r.from.Before(r.to) || (f.From != nil && f.To != nil && !f.From.Before(*f.To)):
		return span{}, fault.InvalidField("to", "The end must come after the beginning.")
	case r.from.AddDate(0, 0, maxDays).Before(r.to):
		return span{}, fault.InvalidField("from", "A report covers at most 800 days.")
	}
	return r, nil
}

// start is the beginning of the bucket that a time lies in.
func (b Bucket) start(t time.Time) time.Time {
	begin := day(t)
	if b == Week {
		return begin.AddDate(0, 0, -(int(begin.Weekday())+6)%7)
	}
	return begin
}

// day is the beginning of the day that a time lies in.
func day(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// fill lays rows out on a line of buckets without gaps.
func (b Bucket) fill(r span, rows []row) []Moment {
	step := 1
	if b == Week {
		step = 7
	}
	at := map[time.Time]int{}
	var line []Moment
	for start := b.start(r.from); start.Before(r.to); start = start.AddDate(0, 0, step) {
		at[start] = len(line)
		line = append(line, Moment{Start: start})
	}
	for _, one := range rows {
		if i, ok := at[b.start(one.Day)]; ok {
			line[i].add(one.figures())
		}
	}
	return line
}

// add adds figures, currency by currency.
func (f *Figures) add(g Figures) {
	f.Clicks += g.Clicks
	f.Leads += g.Leads
	f.Conversions += g.Conversions
	for _, m := range g.Money {
		i, found := slices.BinarySearchFunc(f.Money, m.Currency, func(m Money, c string) int { return cmp.Compare(m.Currency, c) })
		if !found {
			f.Money = slices.Insert(f.Money, i, Money{Currency: m.Currency})
		}
		f.Money[i].Revenue += m.Revenue
		f.Money[i].Pending += m.Pending
		f.Money[i].Held += m.Held
		f.Money[i].Approved += m.Approved
		f.Money[i].Paid += m.Paid
	}
}
