// Package billing is what the programs of a hosted installation pay its operator: by subscription,
// and by what their partners sold.
//
// It owns billing_accounts and usage_reports, and which customer at Stripe a program is. It writes as
// the system role: what a program owes is not the program's to change. Invariants: no call is made
// inside a transaction; a report is committed before Stripe is told, and never changes in amount; who
// does not pay loses nothing, and neither do their partners.
package billing

import (
	"strings"
	"time"

	"github.com/google/uuid"
)

// Mode is how programs pay.
type Mode string

// The modes.
const (
	Selfhost Mode = "selfhost" // nothing
	Flat     Mode = "flat"     // a subscription, and a share of what their partners sell
	Revshare Mode = "revshare" // the share alone
)

// Bills reports whether programs pay at all.
func (m Mode) Bills() bool { return m == Flat || m == Revshare }

// Account is how a program stood when Stripe was asked last.
type Account struct {
	Customer     *string `bun:"stripe_customer_id"`
	Subscription *string `bun:"stripe_subscription_id"`
	Status       Status
	Prices       []string `bun:",array"`
	Living       int      // subscriptions that are not over
	SubscribedAt *time.Time
	EndedAt      *time.Time
	PaidFrom     *time.Time // the period that is running
	PaidUntil    *time.Time
	CancelsAt    *time.Time // when it will end, if somebody has said so
	ReadAt       *time.Time // when Stripe was asked

	CheckoutSession *string
	FailedInvoice   *string
	ReportedDay     *time.Time // the last day whose usage is written down
}

// Status is that of a subscription, in Stripe's words.
type Status string

// The states. None is ours.
const (
	None       Status = "none"
	Incomplete Status = "incomplete" // the first payment did not go through yet
	Expired    Status = "incomplete_expired"
	Trialing   Status = "trialing"
	Active     Status = "active"
	PastDue    Status = "past_due"
	Unpaid     Status = "unpaid"
	Paused     Status = "paused"
	Canceled   Status = "canceled"
)

// Lives reports whether there is a subscription that is not over.
func (a Account) Lives() bool {
	switch a.Status {
	case None, Expired, Canceled:
		return false
	case Incomplete, Trialing, Active, PastDue, Unpaid, Paused:
	}
	return true
}

// Owes reports whether a payment did not go through.
func (a Account) Owes() bool { return a.Status == PastDue || a.Status == Unpaid }

// covers reports whether the subscription takes in the whole rest of a day. What comes after its end
// is on no invoice.
func (a Account) covers(day time.Time) bool {
	end := day.AddDate(0, 0, 1)
	return a.SubscribedAt != nil && a.SubscribedAt.Before(end) && (a.EndedAt == nil || !a.EndedAt.Before(end)) &&
		a.Status != Incomplete && a.Status != Expired
}

// settle is how long a day stays open after midnight, for what was under way.
const settle = 10 * time.Minute

// nextDay is the first day whose usage is not written down, if it is over.
func (a Account) nextDay(now time.Time) (day time.Time, over bool) {
	last := dayOf(now.Add(-settle)).AddDate(0, 0, -1)
	day = last
	switch {
	case a.ReportedDay != nil:
		day = a.ReportedDay.UTC().AddDate(0, 0, 1)
	case a.SubscribedAt != nil && a.SubscribedAt.Before(last):
		day = dayOf(*a.SubscribedAt)
	}
	return day, !day.After(last)
}

func dayOf(at time.Time) time.Time { return at.UTC().Truncate(24 * time.Hour) }

// The states of a report.
const (
	Pending = "pending"
	Sent    = "sent"
	Skipped = "skipped"
)

// Why a report is skipped.
const (
	NoSubscription = "no_subscription"
	NothingDue     = "nothing_due"
)

// Report is what a program sold by its partners on a day, and what of it Stripe is told.
type Report struct {
	ID         uuid.UUID
	Day        time.Time `bun:"period_start"`
	Currency   string
	Amount     int64 // sales less refunds: may be negative
	CarriedIn  int64 // what earlier days took back and no day has made up for
	Value      int64 // what Stripe is told
	CarriedOut int64
	Status     string
	Reason     *string
	CountedAt  *time.Time // the moment that it counts for at Stripe
	PostedAt   *time.Time // when Stripe was told first, and may have understood
	SentAt     *time.Time
	LastError  *string
	CheckedAt  *time.Time
	Difference *int64 // what Stripe counts less what it was told
	CreatedAt  time.Time
}

// reportOf is the arithmetic of a day. Stripe takes no negative usage: what a day takes back is kept
// for the days after it, so that over any time what was sent, and what is still carried, is what was
// sold. Days without a subscription owe nothing, and make up for nothing.
func reportOf(amount, carried int64, covered bool) Report {
	r := Report{Amount: amount, CarriedIn: carried, CarriedOut: carried, Status: Pending}
	if covered {
		r.Value, r.CarriedOut = max(0, carried+amount), min(0, carried+amount)
	}
	reason := NothingDue
	if !covered {
		reason = NoSubscription
	}
	if r.Value == 0 {
		r.Status, r.Reason = Skipped, &reason
	}
	return r
}

// reach is how far back Stripe takes usage, less a few days.
const reach = 30 * 24 * time.Hour

// countedAt is the moment that a day's usage counts for: the end of the day, unless the invoice of
// that time is closed or Stripe looks no further back.
func (a Account) countedAt(day, now time.Time) time.Time {
	at := day.AddDate(0, 0, 1).Add(-time.Second)
	if a.PaidFrom != nil && a.PaidFrom.After(at) {
		at = *a.PaidFrom
	}
	if oldest := now.Add(-reach); oldest.After(at) {
		at = oldest
	}
	return at.UTC().Truncate(time.Second)
}

// lookAfter is when a call that nobody knows the end of is not made again: a day after it Stripe may
// have forgotten the identifier.
const lookAfter = 23 * time.Hour

// Doubtful reports whether nobody knows whether Stripe has the report, and only looking tells.
func (r Report) Doubtful(now time.Time) bool {
	return r.Status == Pending && r.PostedAt != nil && now.Sub(*r.PostedAt) >= lookAfter
}

// meterOf names the events of a currency: a meter adds up what it is told, and sums of several
// currencies mean nothing.
func meterOf(currency string) string { return "openpartner_revenue_" + strings.ToLower(currency) }
