package payouts

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/pay"
	"github.com/openpartner/openpartner/app/tenancy"
)

// Evidence is what there is to know about a payout that waits for a person.
type Evidence struct {
	Payout Payout
	Key    string         // that the call was made with
	Found  []pay.Transfer // what Stripe shows for the payout now
	// Unready is why nobody can say yet that nothing was paid: a call may still be carried out until
	// then.
	Unready *time.Time
}

// Stands reports whether any transfer was not taken back.
func (e Evidence) Stands() bool { return slices.ContainsFunc(e.Found, pay.Transfer.Stands) }

// Fits reports whether a transfer pays the payout.
func (e Evidence) Fits(t pay.Transfer) bool { return e.Payout.fits(t) == "" }

// Evidence asks Stripe about a payout that waits for a person. It runs outside of any transaction.
func (s *Service) Evidence(ctx context.Context, unit tenancy.Unit, id uuid.UUID) (Evidence, error) {
	p, account, err := s.reviewed(ctx, unit, id, readScope)
	if err != nil {
		return Evidence{}, err
	}
	found, err := account.TransfersOf(ctx, p.group())
	if err != nil {
		return Evidence{}, unanswered(err)
	}
	e := Evidence{Payout: p, Key: p.key(), Found: found}
	if now := s.Now(); !p.settledAtStripe(now) {
		at := p.PostedAt.Add(keyLives)
		e.Unready = &at
	}
	return e, nil
}

// Resolution is what a person found out about a payout: the transfer that paid it, or that there is
// none.
type Resolution struct {
	TransferID string
	None       bool
}

// Resolve ends the review of a payout, after Stripe confirmed what the person says: it is paid by
// the transfer, or is sent again under another key. It runs outside of any transaction.
func (s *Service) Resolve(ctx context.Context, unit tenancy.Unit, id uuid.UUID, r Resolution) (Payout, error) {
	p, account, err := s.reviewed(ctx, unit, id, writeScope)
	if err != nil {
		return Payout{}, err
	}
	if (r.TransferID != "") == r.None {
		return Payout{}, fault.InvalidField("transfer_id", "Name the transfer that paid it, or say that there is none.")
	}
	if r.None {
		err = s.confirmNone(ctx, account, p)
	} else {
		err = confirm(ctx, account, p, r.TransferID)
	}
	if err != nil {
		return Payout{}, err
	}
	var out Payout
	err = unit(ctx, false, func(ctx context.Context) (err error) {
		out, err = s.resolve(ctx, p, r)
		return err
	})
	return out, err
}

// reviewed gives a payout that waits for a person, and the account that was to pay it.
func (s *Service) reviewed(ctx context.Context, unit tenancy.Unit, id uuid.UUID, scope string) (p Payout, account *pay.Client, err error) {
	err = unit(ctx, true, func(ctx context.Context) (err error) {
		if err = auth.Require(ctx, scope); err != nil {
			return err
		}
		if p, err = findPayout(ctx, id, false); err != nil {
			return err
		}
		if p.Status != NeedsReview {
			return fault.Conflict("not_in_review", "This payout does not wait for a review; it is "+string(p.Status)+".")
		}
		account, err = s.Paying(ctx)
		return err
	})
	if err != nil {
		return Payout{}, nil, err
	}
	self, err := account.Self(ctx)
	if err != nil {
		return Payout{}, nil, unanswered(err)
	}
	if p.PayingAccount == nil || *p.PayingAccount != self.ID {
		const sentence = "The program pays from another Stripe account than when this payout was sent. Set the key of that account again to review it."
		return Payout{}, nil, fault.Conflict(reviewAccountChanged, sentence)
	}
	return p, account, nil
}

// unanswered is the fault of who needs an answer from Stripe at once.
func unanswered(err error) error {
	return (&fault.Error{Kind: fault.KindBadGateway, Code: "stripe_unavailable", Message: "Stripe did not answer as expected. Please try again in a moment."}).Because(err)
}

// confirm has Stripe confirm that a transfer pays the payout.
func confirm(ctx context.Context, account *pay.Client, p Payout, id string) error {
	t, err := account.FindTransfer(ctx, id)
	switch {
	case pay.Unknown(err):
		return fault.InvalidField("transfer_id", "Stripe knows no such transfer.")
	case err != nil:
		return unanswered(err)
	}
	switch p.fits(t) {
	case "":
		return nil
	case reviewReversed:
		return fault.InvalidField("transfer_id", "This transfer was reversed: it pays nothing.")
	default:
		return fault.InvalidField("transfer_id", "This transfer is not of this payout: its amount, currency, destination or group is another.")
	}
}

// confirmNone has Stripe confirm that nothing was paid, and that no call is left that could be
// carried out.
func (s *Service) confirmNone(ctx context.Context, account *pay.Client, p Payout) error {
	if !p.settledAtStripe(s.Now()) {
		at := p.PostedAt.Add(keyLives).UTC().Format("2 January 2006 15:04")
		return fault.Conflict("too_early", "A call may still be carried out until "+at+" UTC. Nobody can say before that nothing was paid.")
	}
	found, err := account.TransfersOf(ctx, p.group())
	if err != nil {
		return unanswered(err)
	}
	if (Evidence{Found: found}).Stands() {
		return fault.Conflict("transfer_found", "Stripe shows a transfer for this payout that was not reversed.")
	}
	return nil
}

// resolve writes down what Stripe confirmed, if the payout is still as it was.
func (s *Service) resolve(ctx context.Context, asked Payout, r Resolution) (Payout, error) {
	p, err := findPayout(ctx, asked.ID, true)
	if err != nil {
		return Payout{}, err
	}
	if p.Status != NeedsReview || p.Generation != asked.Generation {
		return Payout{}, fault.Conflict("not_in_review", "Somebody else resolved this payout meanwhile.")
	}
	if !r.None {
		p.FailureCode = nil
		if p, err = s.settle(ctx, p, r.TransferID, s.Now()); err != nil {
			return Payout{}, err
		}
		return p, record(ctx, "payout.confirmed", p)
	}
	p.Status, p.Generation, p.Attempts = Pending, p.Generation+1, 0
	p.PostedAt, p.StripeTransferID, p.FailureCode, p.LastError, p.PayingAccount = nil, nil, nil, nil, nil
	if err := updatePayout(ctx, p); err != nil {
		return Payout{}, err
	}
	if err := outbox.Add(ctx, sendJob(p.ID)); err != nil {
		return Payout{}, err
	}
	return p, record(ctx, "payout.released", p)
}
