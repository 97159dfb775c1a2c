package payouts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/pay"
	"github.com/openpartner/openpartner/app/tenancy"
)

// The job kinds of Review: a payout waits for a person, or was taken back at Stripe after it was paid.
const (
	KindReview   = "payouts.review"
	KindReversed = "payouts.reversed"
)

// Review is the order to tell an admin of a payout that somebody has to look at.
type Review struct {
	AdminID  uuid.UUID `json:"admin_id"`
	PayoutID uuid.UUID `json:"payout_id"`
}

// sendJob is the order to have Stripe pay. A crash costs an attempt, and there may be many: what
// gives up after some is not money.
func sendJob(id uuid.UUID) outbox.Job {
	return outbox.Job{Kind: KindSend, Key: id.String(), Args: Send{PayoutID: id}, MaxAttempts: 10_000}
}

// Execute has Stripe pay: it notes that the call is made, makes it, and notes what came of it, each
// by itself. Called again it makes the same call again, so a crash at any point repeats and never
// pays twice. open says that nobody knows yet what became of the payout, and that it is to be
// called again in a while.
func (s *Service) Execute(ctx context.Context, unit tenancy.Unit, order Send) (open bool, err error) {
	account, self, err := s.payer(ctx, unit)
	if err != nil {
		return s.unable(ctx, unit, order, err)
	}
	var p Payout
	var next step
	err = unit(ctx, false, func(ctx context.Context) (err error) {
		p, next, err = s.begin(ctx, order.PayoutID, self)
		return err
	})
	if err != nil || next == nothing {
		return false, err
	}
	found := s.carryOut(ctx, account, p, next)
	// What was found out is worth keeping while the program shuts down, too.
	err = unit(context.WithoutCancel(ctx), false, func(ctx context.Context) error { return s.conclude(ctx, p, found) })
	return found.open != nil, err
}

// payer is the account that pays, and its id.
func (s *Service) payer(ctx context.Context, unit tenancy.Unit) (account *pay.Client, id string, err error) {
	err = unit(ctx, true, func(ctx context.Context) (err error) {
		account, err = s.Paying(ctx)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	self, err := account.Self(ctx)
	return account, self.ID, err
}

// unable is what becomes of a payout when there is no account to pay from, or none that answers:
// one that was not sent fails if that is for good, and one that was stays as it is.
func (s *Service) unable(ctx context.Context, unit tenancy.Unit, order Send, cause error) (open bool, err error) {
	code := "stripe_key_refused"
	if f, told := fault.From(cause); told {
		code = f.Code
	} else if _, asked := errors.AsType[*pay.Error](cause); !asked {
		return false, cause
	}
	err = unit(ctx, false, func(ctx context.Context) error {
		p, err := findPayout(ctx, order.PayoutID, true)
		if err != nil || !p.onItsWay() {
			return err
		}
		if p.Status == Pending && (code != "stripe_key_refused" || pay.Refused(cause)) {
			return s.fail(ctx, p, code, cause.Error())
		}
		open = true
		return s.note(ctx, p, cause)
	})
	return open, err
}

// step is what a payout needs next.
type step int

const (
	nothing step = iota
	call         // make the transfer, or find that it was made
	find         // read the transfer that was made
	look         // look for it, and make none
)

// begin decides what is to be done about a payout, and notes that it will be. self is the account
// that would pay.
func (s *Service) begin(ctx context.Context, id uuid.UUID, self string) (Payout, step, error) {
	p, err := findPayout(ctx, id, true)
	if err != nil || !p.onItsWay() {
		return p, nothing, err
	}
	now := s.Now()
	if p.Status == Pending {
		if code, message, err := s.unready(ctx, p, now); err != nil {
			return p, nothing, err
		} else if code != "" {
			return p, nothing, s.fail(ctx, p, code, message)
		}
		p.Status, p.PayingAccount, p.PostedAt, p.Attempts = Processing, &self, &now, 1
		return p, call, updatePayout(ctx, p)
	}
	if p.PayingAccount == nil || *p.PayingAccount != self {
		return p, nothing, s.review(ctx, p, reviewAccountChanged)
	}
	p.Attempts++
	next := look
	switch {
	case p.StripeTransferID != nil:
		next = find
	case p.callable(now):
		next = call
	}
	return p, next, updatePayout(ctx, p)
}

// onItsWay reports whether Stripe is to be asked about it.
func (p Payout) onItsWay() bool {
	return p.Rail == RailStripe && (p.Status == Pending || p.Status == Processing)
}

// unready says why a payout that was planned can't be sent as it was planned.
func (s *Service) unready(ctx context.Context, p Payout, now time.Time) (code, message string, err error) {
	if whole, err := rowsStand(ctx, p); err != nil {
		return "", "", err
	} else if !whole {
		return "", "", fmt.Errorf("payout %s of %d is not the sum of approved rows any more", p.ID, p.Amount)
	}
	a, err := s.Partners.StripeAccount(ctx, p.PartnerID)
	switch {
	case err != nil:
		return "", "", err
	case p.DestinationAccount == nil || a.ID != *p.DestinationAccount:
		return "destination_changed", "The partner's account at Stripe is another one than when the payout was planned.", nil
	case !a.Ready:
		return "not_ready", "The partner's account at Stripe can't receive money at the moment.", nil
	case coolingDown(a.ChangedAt, now):
		return "cooling_down", "The partner's account at Stripe was changed a short while ago.", nil
	default:
		return "", "", nil
	}
}

// finding is what Stripe answered.
type finding struct {
	transfer *pay.Transfer // was made; without a review it pays the payout
	review   string        // why a person has to look
	refusal  *pay.Error    // it was not made, and won't be
	open     error         // nobody knows
}

// carryOut asks Stripe, outside of any transaction.
func (s *Service) carryOut(ctx context.Context, account *pay.Client, p Payout, next step) finding {
	if next == find {
		return reread(ctx, account, p, *p.StripeTransferID)
	}
	// Before each call we look. The key alone would not do when this database is older than what
	// Stripe knows: after a restore the key of a transfer that was made may be forgotten by now.
	found, err := account.TransfersOf(ctx, p.group())
	if err != nil {
		return finding{open: err}
	}
	t, review := p.choose(found)
	switch {
	case review != reviewNotFound:
		return judged(t, review)
	case next == look:
		return finding{review: reviewNotFound}
	}
	t, err = account.Transfer(ctx, pay.TransferInput{
		Key: p.key(), Amount: p.Amount, Currency: p.Currency, Destination: *p.DestinationAccount, Group: p.group(), Description: "Commissions",
	})
	if refused, ok := errors.AsType[*pay.Error](err); ok && refused.Refused && !(refused.Denied && p.Attempts > 1) {
		return finding{refusal: refused}
	}
	if err != nil {
		return finding{open: err}
	}
	// What is answered to a repeated call is what was answered to the first, however long ago.
	return reread(ctx, account, p, t.ID)
}

// reread judges a transfer as it is now.
func reread(ctx context.Context, account *pay.Client, p Payout, id string) finding {
	t, err := account.FindTransfer(ctx, id)
	switch {
	case pay.Unknown(err):
		return finding{review: reviewNotFound}
	case err != nil:
		return finding{transfer: &pay.Transfer{ID: id}, open: err}
	default:
		return judged(t, p.fits(t))
	}
}

func judged(t pay.Transfer, review string) finding {
	f := finding{review: review}
	if t.ID != "" {
		f.transfer = &t
	}
	return f
}

// conclude notes what came of a call, unless somebody else has gone on since.
func (s *Service) conclude(ctx context.Context, asked Payout, f finding) error {
	p, err := findPayout(ctx, asked.ID, true)
	if err != nil {
		return err
	}
	if p.Status != Processing || p.Generation != asked.Generation || p.Attempts != asked.Attempts {
		return nil
	}
	if f.transfer != nil {
		p.StripeTransferID = &f.transfer.ID
	}
	switch {
	case f.refusal != nil:
		err = s.fail(ctx, p, f.refusal.Code, f.refusal.Error())
	case f.review != "":
		err = s.review(ctx, p, f.review)
	case f.open != nil:
		err = s.note(ctx, p, f.open)
	default:
		_, err = s.settle(ctx, p, f.transfer.ID, s.Now())
	}
	return err
}

const maxError = 1000 // characters

// note keeps what went wrong, for people who look at a payout that takes long.
func (s *Service) note(ctx context.Context, p Payout, cause error) error {
	text := cause.Error()
	if r := []rune(text); len(r) > maxError {
		text = string(r[:maxError])
	}
	p.LastError = &text
	return updatePayout(ctx, p)
}

// review has a person look at a payout, and tells the admins.
func (s *Service) review(ctx context.Context, p Payout, reason string) error {
	words := reviewWords(reason)
	p.Status, p.FailureCode, p.LastError = NeedsReview, &reason, &words
	if err := updatePayout(ctx, p); err != nil {
		return err
	}
	return s.askAdmins(ctx, KindReview, p)
}

// askAdmins orders one mail about a payout to each admin who may do something about it.
func (s *Service) askAdmins(ctx context.Context, kind string, p Payout) error {
	admins, err := s.Admins.Deciding(ctx)
	if err != nil {
		return err
	}
	jobs := make([]outbox.Job, len(admins))
	for i, a := range admins {
		jobs[i] = outbox.Job{Kind: kind, Args: Review{AdminID: a, PayoutID: p.ID}}
	}
	return outbox.AddAll(ctx, jobs)
}

// OrderOpen orders again, over all programs, what is on its way and has no order: it lost its job to
// errors that went on for hours. It needs a transaction that sees all tenants.
func (s *Service) OrderOpen(ctx context.Context) error {
	open, err := withoutOrder(ctx)
	if err != nil {
		return err
	}
	for _, o := range open {
		if err := outbox.Add(tenancy.With(ctx, tenancy.Tenant{ID: o.TenantID}), sendJob(o.ID)); err != nil {
			return err
		}
	}
	return nil
}
