package stripeinbox

import (
	"context"
	"encoding/json"
	"math/big"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/fault"
)

// The types of events that come from Stripe.
const (
	typeSignup     = "signup"
	typePurchase   = "purchase"
	typeInvoice    = "invoice_paid"
	typeSubscribed = "subscription_created"
)

// sale is what somebody paid, as one of several events tells of it.
type sale struct {
	id       string // external, the same in all events of the payment
	kind     string // the type of event that it becomes
	user     somebody
	email    string
	paid     int64 // with tax
	tax      int64
	currency string
	refs     objects
}

// sessionCompleted is the end of a checkout. It says who came by which click or code; in payment mode
// it is a purchase as well. What a subscription or an invoice costs, is told by its invoices.
func (s *Service) sessionCompleted(ctx context.Context, in incoming) (outcome, error) {
	var o session
	if err := in.into(&o); err != nil {
		return outcome{}, err
	}
	return s.session(ctx, in, o)
}

func (s *Service) session(ctx context.Context, in incoming, o session) (outcome, error) {
	refs := objects{}
	refs.add(refPaymentIntent, o.PaymentIntent)
	refs.add(refInvoice, o.Invoice)
	earlier, err := s.saleOf(ctx, refs.paid())
	if err != nil {
		return outcome{}, err
	}
	who, err := s.identify(ctx, in, naming{customer: o.Customer, user: o.Metadata.user(), email: o.email()})
	if err != nil {
		return outcome{}, err
	}
	if earlier.ID != uuid.Nil {
		who.user = earlier.UserID // who it was, is said
	}
	if who.user == "" {
		return ignored(ReasonNobody), nil
	}
	if err := s.tie(ctx, &who, matchCref, o.Metadata.cref()); err != nil {
		return outcome{}, err
	}
	if err := s.tie(ctx, &who, matchReference, o.ClientReferenceID); err != nil {
		return outcome{}, err
	}
	if err := s.credit(ctx, in, &who, o.promotions()); err != nil {
		return outcome{}, err
	}
	if o.Mode != "payment" || !o.paid() {
		return done(uuid.Nil, who.by), nil
	}
	id := string(o.PaymentIntent)
	if id == "" {
		id = o.ID
	}
	return s.sell(ctx, in, sale{
		id: id, kind: typePurchase, user: who, email: o.email(), paid: o.AmountTotal, tax: o.TotalDetails.AmountTax, currency: o.Currency, refs: refs,
	})
}

// subscriptionCreated is the beginning of a subscription, which is not paid yet.
func (s *Service) subscriptionCreated(ctx context.Context, in incoming) (outcome, error) {
	var o subscription
	if err := in.into(&o); err != nil {
		return outcome{}, err
	}
	who, err := s.identify(ctx, in, naming{customer: o.Customer, user: o.Metadata.user()})
	if err != nil {
		return outcome{}, err
	}
	if who.user == "" {
		return ignored(ReasonNobody), nil
	}
	if err := s.tie(ctx, &who, matchCref, o.Metadata.cref()); err != nil {
		return outcome{}, err
	}
	if err := s.credit(ctx, in, &who, o.promotions()); err != nil {
		return outcome{}, err
	}
	event, err := s.record(ctx, in, attribution.EventInput{UserID: who.user, Type: typeSubscribed, ExternalID: &o.ID}, who.by)
	if err != nil {
		return outcome{}, err
	}
	refs := objects{}
	refs.add(refSubscription, ref(o.ID))
	return done(event, who.by), insertRefs(ctx, event, refs, s.Now())
}

// invoicePaid is what a subscription earns, again and again.
func (s *Service) invoicePaid(ctx context.Context, in incoming) (outcome, error) {
	var o invoice
	if err := in.into(&o); err != nil {
		return outcome{}, err
	}
	who, err := s.identify(ctx, in, naming{customer: o.Customer, user: o.user()})
	if err != nil {
		return outcome{}, err
	}
	if who.user == "" {
		return ignored(ReasonNobody), nil
	}
	if err := s.tie(ctx, &who, matchCref, o.cref()); err != nil {
		return outcome{}, err
	}
	return s.sell(ctx, in, sale{
		id: o.ID, kind: typeInvoice, user: who, email: o.CustomerEmail, paid: o.AmountPaid, tax: o.tax(), currency: o.Currency, refs: o.refs(),
	})
}

// invoicePaymentPaid says which payment an invoice was paid by, so that its refunds find it.
func (s *Service) invoicePaymentPaid(ctx context.Context, in incoming) (outcome, error) {
	var o invoicePayment
	if err := in.into(&o); err != nil {
		return outcome{}, err
	}
	known := objects{}
	known.add(refInvoice, o.Invoice)
	sold, err := s.saleOf(ctx, known)
	if err != nil {
		return outcome{}, err
	}
	if sold.ID == uuid.Nil {
		return waits(ReasonSaleUnknown), nil
	}
	refs := objects{}
	refs.add(refPaymentIntent, o.Payment.PaymentIntent)
	refs.add(refCharge, o.Payment.Charge)
	if err := insertRefs(ctx, sold.ID, refs, s.Now()); err != nil {
		return outcome{}, err
	}
	return done(sold.ID, ""), s.wake(ctx, refs)
}

// sessionWait is how long a payment that can't be told from a session's waits for it.
const sessionWait = 10 * time.Minute

// paymentSucceeded is a purchase when no invoice or session is behind it. A session's payment has
// the session's external id, so that it does not matter which of them comes first.
func (s *Service) paymentSucceeded(ctx context.Context, in incoming) (outcome, error) {
	var o paymentIntent
	if err := in.into(&o); err != nil {
		return outcome{}, err
	}
	refs := objects{}
	refs.add(refPaymentIntent, ref(o.ID))
	refs.add(refCharge, o.LatestCharge)
	earlier, err := s.saleOf(ctx, refs)
	switch {
	case err != nil:
		return outcome{}, err
	case earlier.ID != uuid.Nil: // then we have learned its charge, at least
		if err := insertRefs(ctx, earlier.ID, refs, s.Now()); err != nil {
			return outcome{}, err
		}
		return outcome{status: StatusProcessed, reason: ReasonCounted, event: earlier.ID}, s.wake(ctx, refs)
	case o.ofInvoice() || in.findings.Invoice != "":
		return ignored(ReasonOfInvoice), nil
	case in.findings.Session != nil:
		return s.session(ctx, in, *in.findings.Session)
	}
	counts, reason, err := s.countsAlone(ctx, in, o)
	if err != nil || !counts {
		return waits(reason), err
	}
	who, err := s.identify(ctx, in, naming{customer: o.Customer, user: o.Metadata.user(), email: o.ReceiptEmail})
	if err != nil {
		return outcome{}, err
	}
	if who.user == "" {
		return waits(ReasonSessionMayCome), nil
	}
	if err := s.tie(ctx, &who, matchCref, o.Metadata.cref()); err != nil {
		return outcome{}, err
	}
	return s.sell(ctx, in, sale{id: o.ID, kind: typePurchase, user: who, email: o.ReceiptEmail, paid: o.AmountReceived, currency: o.Currency, refs: refs})
}

// countsAlone says whether a payment is known to be a purchase by itself. What it does not say is asked of
// Stripe where there is a key, and else waited for: the session knows the tax and the guest. In the
// newer layout a payment does not tell whether it is an invoice's, so without a key only those count
// by themselves that the merchant has marked as their customer's.
func (s *Service) countsAlone(ctx context.Context, in incoming, o paymentIntent) (bool, Reason, error) {
	untaxed, err := s.ExcludeTax(ctx)
	if err != nil {
		return false, "", err
	}
	marked := o.Metadata.user() != ""
	alone := marked || o.tellsInvoice(in.row.APIVersion)
	switch {
	case in.findings.Asked:
		return true, "", nil
	case alone && (marked || o.Customer != "") && !untaxed:
		return true, "", nil
	}
	if keyed, err := s.keyed(ctx, in.row); err != nil || keyed {
		return false, ReasonAsking, err
	}
	if !alone {
		return false, ReasonUnclear, nil
	}
	return s.Now().Sub(in.row.CreatedAt) >= sessionWait, ReasonSessionMayCome, nil
}

// sell records a sale, unless another event of the same payment did, and has what waited for it go
// on.
func (s *Service) sell(ctx context.Context, in incoming, v sale) (outcome, error) {
	known, err := s.saleOf(ctx, v.refs.paid())
	if err != nil {
		return outcome{}, err
	}
	id, by := known.ID, v.user.by
	if id == uuid.Nil {
		if v.paid <= 0 {
			return outcome{status: StatusIgnored, reason: ReasonNothingPaid, matchedBy: by}, nil
		}
		untaxed, err := s.ExcludeTax(ctx)
		if err != nil {
			return outcome{}, err
		}
		amount, currency := v.paid, strings.ToUpper(v.currency)
		if untaxed {
			amount -= min(v.tax, v.paid)
		}
		id, err = s.record(ctx, in, attribution.EventInput{
			UserID: v.user.user, Type: v.kind, Amount: &amount, Currency: &currency, ExternalID: &v.id, Email: mailable(v.email), Metadata: told(by, v.paid),
		}, by)
		if err != nil {
			return outcome{}, err
		}
	}
	if err := insertRefs(ctx, id, v.refs, s.Now()); err != nil {
		return outcome{}, err
	}
	return done(id, by), s.wake(ctx, v.refs.paid())
}

// told is what stands in the metadata of an event: which key matched, and what was paid in all.
func told(by string, paid int64) json.RawMessage {
	text, _ := json.Marshal(map[string]any{"matched_by": by, "paid": paid}) // plain values always encode
	return text
}

// record tells attribution of an event, once.
func (s *Service) record(ctx context.Context, in incoming, e attribution.EventInput, by string) (uuid.UUID, error) {
	known, err := findSale(ctx, *e.ExternalID)
	if err == nil || !fault.Is(err, fault.KindNotFound) {
		return known.ID, err
	}
	e.Source = attribution.SourceStripe
	if e.OccurredAt == nil {
		e.OccurredAt = &in.Created
	}
	if e.Metadata == nil && by != "" {
		e.Metadata, _ = json.Marshal(map[string]string{"matched_by": by}) // plain values always encode
	}
	made, err := s.Attribution.Record(ctx, e)
	return made.Event.ID, err
}

// saleOf gives the sale that came from one of these objects; without one its id is zero.
func (s *Service) saleOf(ctx context.Context, o objects) (sold, error) {
	found, err := findSaleOf(ctx, o)
	if fault.Is(err, fault.KindNotFound) {
		return sold{}, nil
	}
	return found, err
}

// share is part/whole of an amount, rounded half away from zero.
func share(amount, part, whole int64) int64 {
	n := new(big.Int).Mul(big.NewInt(amount), big.NewInt(part))
	n.Add(n.Lsh(n, 1), big.NewInt(whole))
	return n.Quo(n, new(big.Int).Lsh(big.NewInt(whole), 1)).Int64()
}
