package stripeinbox_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/openpartner/openpartner/app/coupons"
	"github.com/openpartner/openpartner/app/paging"
)

func page() paging.Page { return paging.Page{Limit: 200} }

func wantLedger(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A subscription from its checkout to a refund: 120 orders.
func TestOrders_Subscription(t *testing.T) {
	t.Parallel()
	ctx, w := setup(t)
	got := w.sameInAllOrders(ctx,
		w.checkout("subscription", older, object{"customer": "cus_1", "subscription": "sub_1", "invoice": "in_1", "client_reference_id": w.cref.String(), "amount_total": 10000}),
		w.event("evt_2", "customer.created", older, 2, object{"id": "cus_1", "object": "customer", "email": "bob@example.com", "metadata": object{"openpartner_user_id": "bob"}}),
		w.event("evt_3", "customer.subscription.created", older, 3, object{"id": "sub_1", "object": "subscription", "customer": "cus_1"}),
		w.event("evt_4", "invoice.paid", older, 4, object{
			"id": "in_1", "customer": "cus_1", "amount_paid": 10000, "total": 10000, "currency": "usd", "subscription": "sub_1", "charge": "ch_1", "payment_intent": "pi_1",
		}),
		w.event("evt_5", "charge.refunded", older, 5, object{"id": "ch_1", "object": "charge", "customer": "cus_1", "invoice": "in_1", "amount_refunded": 4000}),
	)
	wantLedger(t, got,
		"cus_1 signup bob less 0 earns Ada pending 700 USD",
		"in_1 invoice_paid bob 10000 USD less 4000 earns Ada pending 600 USD",
		"sub_1 subscription_created bob less 0 earns")
}

// A purchase of which five events tell, its refund in both ways, in the newer layout: 120 orders.
func TestOrders_Purchase(t *testing.T) {
	t.Parallel()
	ctx, w := setup(t)
	got := w.sameInAllOrders(ctx,
		w.checkout("payment", newer, object{"customer": "cus_1", "payment_intent": "pi_1", "client_reference_id": w.cref.String(), "amount_total": 5000}),
		w.event("evt_2", "payment_intent.succeeded", newer, 1, object{"id": "pi_1", "object": "payment_intent", "customer": "cus_1", "amount_received": 5000, "currency": "usd", "latest_charge": "ch_1"}),
		w.event("evt_3", "charge.refunded", newer, 5, object{"id": "ch_1", "object": "charge", "payment_intent": "pi_1", "amount_refunded": 3000}),
		w.event("evt_4", "refund.created", newer, 5, object{"id": "re_1", "object": "refund", "charge": "ch_1", "payment_intent": "pi_1", "amount": 2000, "status": "succeeded"}),
		w.event("evt_5", "refund.updated", newer, 6, object{"id": "re_2", "object": "refund", "charge": "ch_1", "payment_intent": "pi_1", "amount": 1000, "status": "succeeded"}),
	)
	wantLedger(t, got, "pi_1 purchase cus_1 5000 USD less 3000 earns Ada pending 200 USD")
}

// Of a sale a part is refunded, and then the bank asks for the rest, in the newer layout: only the
// invoice's payment ties the money to the invoice.
func TestOrders_Dispute(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]string{
		"lost": "in_1 invoice_paid cus_1 9000 KWD less 3000 dispute dispute_lost earns",
		"won":  "in_1 invoice_paid cus_1 9000 KWD less 3000 dispute dispute_won earns Ada pending 600 KWD",
	} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			ctx, w := setup(t)
			w.take(ctx, w.checkout("subscription", newer, object{"customer": "cus_1", "client_reference_id": w.cref.String()}))
			w.take(ctx, w.event("evt_2", "invoice_payment.paid", newer, 1, object{"id": "inpay_1", "invoice": "in_1", "payment": object{"type": "payment_intent", "payment_intent": "pi_1"}}))
			dispute := object{"id": "dp_1", "object": "dispute", "charge": "ch_1", "payment_intent": "pi_1", "amount": 6000, "currency": "kwd", "status": status}
			got := w.sameInAllOrders(ctx,
				w.event("evt_3", "invoice.paid", newer, 1, object{
					"id": "in_1", "customer": "cus_1", "amount_paid": 9000, "total": 9000, "currency": "kwd", "parent": object{"subscription_details": object{"subscription": "sub_1"}},
				}),
				w.event("evt_4", "refund.created", newer, 5, object{"id": "re_1", "charge": "ch_1", "payment_intent": "pi_1", "amount": 3000, "status": "succeeded"}),
				w.event("evt_5", "charge.dispute.created", newer, 9, dispute), w.event("evt_6", "charge.dispute.closed", newer, 9, dispute),
			)
			wantLedger(t, got, want)
		})
	}
}

// A guest pays without becoming a customer: the payment waits for the checkout, which knows who it
// was. In JPY, without tax.
func TestOrders_Guest(t *testing.T) {
	t.Parallel()
	ctx, w := setup(t)
	w.untaxed = true
	got := w.sameInAllOrders(ctx,
		w.checkout("payment", newer, object{
			"payment_intent": "pi_1", "client_reference_id": w.cref.String(), "amount_total": 1100, "currency": "jpy",
			"customer_details": object{"email": "Guest@Example.com"}, "total_details": object{"amount_tax": 100},
		}),
		w.event("evt_2", "payment_intent.succeeded", newer, 1, object{"id": "pi_1", "object": "payment_intent", "amount_received": 1100, "currency": "jpy", "latest_charge": "ch_1"}),
		w.event("evt_3", "charge.refunded", newer, 5, object{"id": "ch_1", "object": "charge", "payment_intent": "pi_1", "amount_refunded": 550}),
	)
	wantLedger(t, got, "pi_1 purchase 513935c4d2db2d2d984dff1d68397f6e2ac8c4e5c48c92bd98e02bdc90b7aefe 1000 JPY less 500 earns Ada pending 50 JPY")
}

// Events before the merchant says who the customer is, count for that user like those after it: the
// customer's first purchase is the first whatever name it came under.
func TestOrders_Names(t *testing.T) {
	t.Parallel()
	ctx, w := setup(t)
	got := w.sameInAllOrders(ctx,
		w.event("evt_1", "customer.updated", older, 0, object{"id": "cus_1", "metadata": object{"openpartner_user_id": "bob", "openpartner_cref": w.cref.String()}}),
		w.event("evt_2", "invoice.paid", older, 1, object{"id": "in_1", "customer": "cus_1", "amount_paid": 1000, "total": 1000, "currency": "ugx"}),
		w.event("evt_3", "customer.subscription.created", older, 2, object{"id": "sub_1", "customer": "cus_1", "metadata": object{"openpartner_user_id": "bob"}}),
		w.event("evt_4", "invoice.paid", older, 3, object{"id": "in_2", "customer": "cus_1", "amount_paid": 2000, "total": 2000, "currency": "ugx"}),
	)
	wantLedger(t, got,
		"in_1 invoice_paid bob 1000 UGX less 0 earns Ada pending 100 UGX", "in_2 invoice_paid bob 2000 UGX less 0 earns Ada pending 200 UGX",
		"sub_1 subscription_created bob less 0 earns")
}

// A code at the checkout brings its partner the customer, in either layout; a credit note takes back
// what it credits.
func TestPromotion(t *testing.T) {
	t.Parallel()
	for name, version := range map[string]string{"Older": older, "Newer": newer} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, w := setup(t)
			must(w.coupons.Create(ctx, coupons.Input{Code: "ADA10", PartnerID: w.partner, CampaignID: w.campaign, StripePromotionCodeID: "promo_1"}))(t)
			used, subscribed := object{"customer": "cus_1"}, object{"id": "sub_1", "customer": "cus_1"}
			if version == newer {
				used["discounts"] = []object{{"coupon": "co_1", "promotion_code": "promo_1"}}
				subscribed["discounts"] = []string{"di_1"}
			} else {
				subscribed["discount"] = object{"promotion_code": "promo_1"}
			}
			for _, e := range []string{
				w.event("evt_3", "invoice.paid", version, 3, object{"id": "in_1", "customer": "cus_1", "amount_paid": 9000, "total": 9000, "currency": "usd"}),
				w.checkout("subscription", version, used), w.event("evt_2", "customer.subscription.created", version, 2, subscribed),
				w.event("evt_4", "credit_note.created", version, 4, object{"id": "cn_1", "invoice": "in_1", "amount": 3000, "type": "post_payment"}),
			} {
				w.take(ctx, e)
				w.take(ctx, e)
			}
			wantLedger(t, w.ledger(ctx), "in_1 invoice_paid cus_1 9000 USD less 3000 earns Ada pending 600 USD", "sub_1 subscription_created cus_1 less 0 earns")
		})
	}
}

// checkout is the end of one, paid in USD unless it says otherwise.
func (w *world) checkout(mode, version string, of object) string {
	o := object{"id": "cs_1", "object": "checkout.session", "mode": mode, "payment_status": "paid", "currency": "usd"}
	for name, value := range of {
		o[name] = value
	}
	return w.event("evt_1", "checkout.session.completed", version, 1, o)
}

// state takes an event and gives what came of it.
func (w *world) state(ctx context.Context, id, kind, version string, of object) string {
	w.t.Helper()
	w.take(ctx, w.event(id, kind, version, 1, of))
	return w.states(ctx)[id]
}

// A payment counts by itself when nothing else can be behind it.
func TestPayment_Alone(t *testing.T) {
	t.Parallel()
	ctx, w := setup(t)
	paid := func(more object) object {
		o := object{"object": "payment_intent", "amount_received": 1000, "currency": "usd"}
		for name, value := range more {
			o[name] = value
		}
		return o
	}
	for id, c := range map[string]struct {
		version, want string
		of            object
	}{
		"evt_1": {older, "processed", paid(object{"id": "pi_1", "customer": "cus_1", "invoice": nil})},
		"evt_2": {older, "ignored of_an_invoice", paid(object{"id": "pi_2", "customer": "cus_1", "invoice": "in_1"})},
		"evt_3": {newer, "waiting payment_unclear", paid(object{"id": "pi_3", "customer": "cus_1"})},
		"evt_4": {newer, "processed", paid(object{"id": "pi_4", "metadata": object{"openpartner_user_id": "bob"}})},
		"evt_5": {older, "waiting session_may_come", paid(object{"id": "pi_5"})},
		"evt_6": {newer, "ignored of_an_invoice", paid(object{"id": "pi_6", "customer": "cus_1", "payment_details": object{"order_reference": "in_2"}})},
	} {
		if got := w.state(ctx, id, "payment_intent.succeeded", c.version, c.of); got != c.want {
			t.Errorf("%s: got %q, want %q", id, got, c.want)
		}
	}
}
