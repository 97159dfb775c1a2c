package stripeinbox

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/attribution"
)

// The kinds of what takes back.
const (
	backRefund = "refund"      // one by one, by their ids
	backCharge = "charge"      // what a charge says was refunded of it in all
	backNote   = "credit_note" // what no refund pays out
)

// takenBack is the sum of what Stripe said was taken back. Refunds come one by one and as the total
// of their charge, or as only one of the two; either is the whole, so the larger counts. It does not
// depend on the order in which they came.
func takenBack(all []takeback) int64 {
	sums := map[string]int64{}
	for _, t := range all {
		sums[t.Kind] += t.Amount
	}
	return max(sums[backRefund], sums[backCharge]) + sums[backNote]
}

// takeback is one statement of that.
type takeback struct {
	Ref    string
	Kind   string
	Amount int64
}

// chargeRefunded tells how much of a charge was refunded so far.
func (s *Service) chargeRefunded(ctx context.Context, in incoming) (outcome, error) {
	var o charge
	if err := in.into(&o); err != nil {
		return outcome{}, err
	}
	refs := objects{}
	refs.add(refCharge, ref(o.ID))
	refs.add(refPaymentIntent, o.PaymentIntent)
	refs.add(refInvoice, o.Invoice)
	return s.takeBack(ctx, in, refs, takeback{o.ID, backCharge, o.AmountRefunded})
}

// refunded tells of one refund. It counts when the money has gone; one that fails later is for a
// person to put right, as the money is with the merchant and not with the customer then.
func (s *Service) refunded(ctx context.Context, in incoming) (outcome, error) {
	var o refund
	if err := in.into(&o); err != nil {
		return outcome{}, err
	}
	if o.Status != "succeeded" && o.Status != "" {
		return ignored(ReasonNotFollowed), nil
	}
	return s.takeBack(ctx, in, paymentOf(o.Charge, o.PaymentIntent), takeback{o.ID, backRefund, o.Amount})
}

// creditNoted takes back what a note credits without a refund.
func (s *Service) creditNoted(ctx context.Context, in incoming) (outcome, error) {
	var o creditNote
	if err := in.into(&o); err != nil {
		return outcome{}, err
	}
	if o.credited() == 0 || o.Status == "void" {
		return ignored(ReasonCounted), nil
	}
	refs := objects{}
	refs.add(refInvoice, o.Invoice)
	return s.takeBack(ctx, in, refs, takeback{o.ID, backNote, o.credited()})
}

func paymentOf(charge, intent ref) objects {
	refs := objects{}
	refs.add(refCharge, charge)
	refs.add(refPaymentIntent, intent)
	return refs
}

// takeBack notes the statement at its sale, and records a refund of what is new by it.
func (s *Service) takeBack(ctx context.Context, in incoming, refs objects, t takeback) (outcome, error) {
	of, missing, err := s.original(ctx, in, refs)
	if err != nil || of.ID == uuid.Nil {
		return missing, err
	}
	if err := noteTakeback(ctx, of.ID, t, s.Now()); err != nil {
		return outcome{}, err
	}
	all, err := takebacksOf(ctx, of.ID)
	if err != nil {
		return outcome{}, err
	}
	before, err := refundedOf(ctx, of.ID)
	if err != nil {
		return outcome{}, err
	}
	total := of.part(takenBack(all))
	if total <= before {
		return outcome{status: StatusProcessed, reason: ReasonCounted, event: of.ID}, nil
	}
	more := total - before
	id, err := unusedID(ctx, t.Ref, total)
	if err != nil {
		return outcome{}, err
	}
	event, err := s.record(ctx, in, attribution.EventInput{
		UserID: of.UserID, Type: attribution.TypeRefund, Amount: &more, Currency: &of.Currency, ExternalID: &id, Reverses: of.name(),
	}, "")
	return done(event, ""), err
}

// original finds the sale that an event is about. Where it is not known, Stripe may know its invoice;
// else the event waits for it.
func (s *Service) original(ctx context.Context, in incoming, refs objects) (sold, outcome, error) {
	if in.findings.Invoice != "" {
		refs.add(refInvoice, ref(in.findings.Invoice))
	}
	of, err := s.saleOf(ctx, refs)
	if err != nil {
		return sold{}, outcome{}, err
	}
	if of.ID != uuid.Nil {
		return of, outcome{}, insertRefs(ctx, of.ID, refs, s.Now())
	}
	if intent := refs.of(refPaymentIntent); intent != "" && !in.findings.Asked && in.row.Attempts > 1 {
		if keyed, err := s.keyed(ctx, in.row); err != nil || keyed {
			return sold{}, waits(ReasonAsking), err
		}
	}
	return sold{}, waits(ReasonSaleUnknown), nil
}

// disputed is a sale that the customer's bank asks back, and how that ended. Whatever order they come
// in, the end is later than the beginning.
func (s *Service) disputed(ctx context.Context, in incoming) (outcome, error) {
	var o dispute
	if err := in.into(&o); err != nil {
		return outcome{}, err
	}
	of, missing, err := s.original(ctx, in, paymentOf(o.Charge, o.PaymentIntent))
	if err != nil || of.ID == uuid.Nil {
		return missing, err
	}
	began := in.Created
	if o.Created > 0 {
		began = time.Unix(o.Created, 0).UTC()
	}
	e := attribution.EventInput{UserID: of.UserID, Type: attribution.TypeDispute, ExternalID: &o.ID, Reverses: of.name(), OccurredAt: &began}
	if in.Type == "charge.dispute.closed" {
		id, ended := o.ID+":closed", in.Created
		if !ended.After(began) {
			ended = began.Add(time.Second)
		}
		e.ExternalID, e.OccurredAt, e.Type = &id, &ended, attribution.TypeDisputeWon
		if o.Status == "lost" {
			e.Type = attribution.TypeDisputeLost
			if lost := of.part(o.Amount); lost < of.Amount {
				e.Amount, e.Currency = &lost, &of.Currency
			}
		}
	}
	event, err := s.record(ctx, in, e, "")
	return done(event, ""), err
}

// paymentFailed is noted, and changes nothing.
func (s *Service) paymentFailed(ctx context.Context, in incoming) (outcome, error) {
	var o invoice
	if err := in.into(&o); err != nil {
		return outcome{}, err
	}
	w, err := s.identify(ctx, in, naming{customer: o.Customer, user: o.user()})
	if err != nil {
		return outcome{}, err
	}
	if w.user == "" {
		return ignored(ReasonNobody), nil
	}
	id := fmt.Sprintf("%s:failed:%d", o.ID, o.AttemptCount)
	event, err := s.record(ctx, in, attribution.EventInput{UserID: w.user, Type: attribution.TypePaymentFailed, ExternalID: &id}, w.by)
	return done(event, w.by), err
}
