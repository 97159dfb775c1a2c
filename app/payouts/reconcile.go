package payouts

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/hold"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/pay"
	"github.com/openpartner/openpartner/app/tenancy"
)

// comparedFor is how far back ledger and Stripe are compared, if no older backup was restored.
const comparedFor = 90 * 24 * time.Hour

// openLong is how long a payout may be on its way before that is worth telling.
const openLong = time.Hour

// DifferenceKind says how the ledger and Stripe disagree.
type DifferenceKind string

// The kinds.
const (
	DifferenceUnknown  DifferenceKind = "unknown_transfer" // Stripe paid what the ledger has never heard of
	DifferenceMissing  DifferenceKind = "missing_transfer" // the ledger says paid, and Stripe shows nothing
	DifferenceReversed DifferenceKind = "reversed_later"   // it was paid, and taken back afterwards
	DifferenceDiffers  DifferenceKind = "differs"          // another amount, currency or destination
	DifferenceUnpaid   DifferenceKind = "not_recorded"     // Stripe paid what the ledger says came to nothing, or is still to come
	DifferenceReview   DifferenceKind = "needs_review"
	DifferenceOpen     DifferenceKind = "open_long"
)

// Difference is one disagreement.
type Difference struct {
	Kind     DifferenceKind
	Payout   *Payout
	Transfer *pay.Transfer
	Partner  uuid.UUID // whose it is, if that is known
	Since    time.Time
}

// Reconciliation is what comparing the ledger with Stripe gave.
type Reconciliation struct {
	At, From           time.Time
	Payouts, Transfers int // that were compared
	Differences        []Difference
}

// Reconcile compares the payouts of the last 90 days with the transfers that Stripe shows, and
// changes nothing. After a backup was restored it begins a day before that was made, if that is
// earlier. It runs outside of any transaction.
func (s *Service) Reconcile(ctx context.Context, unit tenancy.Unit) (Reconciliation, error) {
	now := s.Now()
	out := Reconciliation{At: now, From: now.Add(-comparedFor)}
	var account *pay.Client
	var payouts []Payout
	err := unit(ctx, true, func(ctx context.Context) (err error) {
		if err = auth.Require(ctx, readScope); err != nil {
			return err
		}
		if account, err = s.Paying(ctx); err != nil {
			return err
		}
		held, err := hold.Read(ctx)
		if err != nil {
			return err
		}
		if held.BooksOf != nil && held.BooksOf.AddDate(0, 0, -1).Before(out.From) {
			out.From = held.BooksOf.AddDate(0, 0, -1)
		}
		payouts, err = stripePayoutsSince(ctx, out.From)
		return err
	})
	if err != nil {
		return out, err
	}
	transfers, err := account.TransfersSince(ctx, out.From)
	if err != nil {
		return out, unanswered(err)
	}
	out.Payouts, out.Transfers = len(payouts), len(transfers)
	out.Differences = compare(payouts, transfers, out.From, now)
	return out, unit(ctx, true, func(ctx context.Context) error { return s.recognise(ctx, out.Differences) })
}

// compare finds what does not agree, the oldest first.
func compare(payouts []Payout, transfers []pay.Transfer, from, now time.Time) []Difference {
	groups := map[string][]pay.Transfer{}
	for _, t := range transfers {
		groups[t.Group] = append(groups[t.Group], t)
	}
	var out []Difference
	for i := range payouts {
		p := &payouts[i]
		out = append(out, p.differences(groups[p.group()], from, now)...)
		delete(groups, p.group())
	}
	for group, some := range groups {
		// Others may pay by the same account. Of ours the group is the id of a payout.
		if _, err := uuid.Parse(group); err != nil {
			continue
		}
		for i := range some {
			if some[i].Stands() {
				out = append(out, Difference{Kind: DifferenceUnknown, Transfer: &some[i], Since: some[i].Created})
			}
		}
	}
	slices.SortFunc(out, func(a, b Difference) int { return a.Since.Compare(b.Since) })
	return out
}

// differences tells how a payout and the transfers of its group disagree.
func (p *Payout) differences(found []pay.Transfer, from, now time.Time) (out []Difference) {
	tell := func(kind DifferenceKind, t *pay.Transfer, since time.Time) {
		out = append(out, Difference{Kind: kind, Payout: p, Transfer: t, Partner: p.PartnerID, Since: since})
	}
	for i := range found {
		t := &found[i]
		pays := p.Status == Paid && p.StripeTransferID != nil && *p.StripeTransferID == t.ID
		switch {
		case pays && p.fits(*t) == reviewReversed:
			tell(DifferenceReversed, t, t.Created)
		case pays && p.fits(*t) != "":
			tell(DifferenceDiffers, t, t.Created)
		case !pays && t.Stands() && p.Status != NeedsReview && p.Status != Processing:
			tell(DifferenceUnpaid, t, t.Created)
		}
	}
	known := func(t pay.Transfer) bool { return p.StripeTransferID != nil && t.ID == *p.StripeTransferID }
	switch {
	case p.Status == Paid && p.PostedAt != nil && p.PostedAt.After(from) && !slices.ContainsFunc(found, known):
		tell(DifferenceMissing, nil, *p.CompletedAt)
	case p.Status == NeedsReview:
		tell(DifferenceReview, nil, p.CreatedAt)
	case p.Status == Processing && p.PostedAt != nil && now.Sub(*p.PostedAt) > openLong:
		tell(DifferenceOpen, nil, *p.PostedAt)
	}
	return out
}

// Unrecorded are the transfers to partners of this program that its ledger has never heard of: it would
// pay that money again. One to nobody it knows is another program's on the same account, or else owed
// by no row.
func (r Reconciliation) Unrecorded() (out []Difference) {
	for _, d := range r.Differences {
		if d.Kind == DifferenceUnknown && d.Partner != uuid.Nil {
			out = append(out, d)
		}
	}
	return out
}

// recognise finds the partners of transfers that the ledger does not know.
func (s *Service) recognise(ctx context.Context, all []Difference) error {
	for i, d := range all {
		if d.Kind != DifferenceUnknown {
			continue
		}
		partner, err := s.Partners.OfStripeAccount(ctx, d.Transfer.Destination)
		if err != nil && !fault.Is(err, fault.KindNotFound) {
			return err
		}
		all[i].Partner = partner
	}
	return nil
}

// Adopt writes a transfer down that Stripe made and the ledger does not know, as there are after a
// backup was restored: a payout of that amount, and the same amount as an advance that the
// partner's next payouts are netted with. Stripe is asked first. It runs outside of any
// transaction.
func (s *Service) Adopt(ctx context.Context, unit tenancy.Unit, transfer string) (Payout, error) {
	var account *pay.Client
	err := unit(ctx, true, func(ctx context.Context) (err error) {
		if err = auth.Require(ctx, writeScope); err != nil {
			return err
		}
		account, err = s.Paying(ctx)
		return err
	})
	if err != nil {
		return Payout{}, err
	}
	self, err := account.Self(ctx)
	if err != nil {
		return Payout{}, unanswered(err)
	}
	t, err := account.FindTransfer(ctx, transfer)
	if pay.Unknown(err) {
		return Payout{}, fault.NotFound("transfer")
	}
	if err != nil {
		return Payout{}, unanswered(err)
	}
	var p Payout
	err = unit(ctx, false, func(ctx context.Context) (err error) {
		p, err = s.adopt(ctx, self.ID, t)
		return err
	})
	return p, err
}

func (s *Service) adopt(ctx context.Context, self string, t pay.Transfer) (Payout, error) {
	id, err := uuid.Parse(t.Group)
	if err != nil || !t.Stands() {
		return Payout{}, fault.Conflict("not_adoptable", "This transfer is not one of this program's, or was reversed.")
	}
	if free, err := lockRuns(ctx); err != nil {
		return Payout{}, err
	} else if !free {
		return Payout{}, fault.Conflict("run_in_progress", "A payout run is being planned. Please try again in a moment.")
	}
	if _, err := findPayout(ctx, id, false); !fault.Is(err, fault.KindNotFound) {
		if err == nil {
			err = fault.Conflict("already_known", "The ledger knows this transfer's payout.")
		}
		return Payout{}, err
	}
	partner, err := s.Partners.OfStripeAccount(ctx, t.Destination)
	if err != nil {
		return Payout{}, err
	}
	p, err := s.advance(ctx, id, partner, self, t)
	if err != nil {
		return Payout{}, err
	}
	return p, record(ctx, "payout.adopted", p)
}

// advance writes the two rows that come to nothing, and pays the first.
func (s *Service) advance(ctx context.Context, id, partner uuid.UUID, self string, t pay.Transfer) (Payout, error) {
	now := s.Now()
	paid, err := s.Commissions.Adjust(ctx, commissions.AdjustInput{PartnerID: partner, Amount: t.Amount, Currency: t.Currency, Note: "Paid by transfer " + t.ID + "."})
	if err != nil {
		return Payout{}, err
	}
	_, err = s.Commissions.Adjust(ctx, commissions.AdjustInput{PartnerID: partner, Amount: -t.Amount, Currency: t.Currency, Note: "In advance by transfer " + t.ID + "."})
	if err != nil {
		return Payout{}, err
	}
	run := Run{ID: ids.NewAt(now), StartedBy: orNull(auth.From(ctx).ID), CutOff: now, Totals: map[string]int64{t.Currency: t.Amount}, CreatedAt: now}
	if err := insertRun(ctx, run); err != nil {
		return Payout{}, err
	}
	p := Payout{ID: id, PartnerID: partner, RunID: run.ID, Currency: t.Currency, Amount: t.Amount, Rail: RailStripe, Status: Pending, CreatedAt: now}
	if err := insertPayouts(ctx, []Payout{p}); err != nil {
		return Payout{}, err
	}
	rows := []found{{Balance: Balance{PartnerID: partner, Currency: t.Currency, Amount: t.Amount}, IDs: []string{paid.ID.String()}}}
	if err := insertItems(ctx, []Payout{p}, rows); err != nil {
		return Payout{}, err
	}
	p.Status, p.PayingAccount, p.DestinationAccount, p.PostedAt, p.Attempts = Processing, &self, &t.Destination, &t.Created, 1
	if err := updatePayout(ctx, p); err != nil {
		return Payout{}, err
	}
	return s.settle(ctx, p, t.ID, t.Created)
}
