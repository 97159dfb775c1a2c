package stripeinbox_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/openpartner/openpartner/app/paging"
)

func page() paging.Page { return paging.Page{Limit: 200} }

// A subscription from its checkout to a refund: 120 orders.
func TestOrders_Subscription(t *testing.T) {
	t.Parallel()
	for name, version := range map[string]string{"Older": older, "Newer": newer} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, w := setup(t)
			invoice := object{"id": "in_1", "object": "invoice", "customer": "cus_1", "amount_paid": 10000, "total": 10000, "currency": "usd"}
			refunded := object{"id": "ch_1", "object": "charge", "customer": "cus_1", "payment_intent": "pi_1", "amount_refunded": 4000, "currency": "usd"}
			if version == older {
				invoice["subscription"], invoice["charge"], invoice["payment_intent"] = "sub_1", "ch_1", "pi_1"
				refunded["invoice"] = "in_1"
			} else {
				invoice["parent"] = object{"subscription_details": object{"subscription": "sub_1", "metadata": object{}}}
				invoice["payments"] = object{"data": []object{{"payment": object{"type": "payment_intent", "payment_intent": "pi_1"}}}}
			}
			got := w.sameInAllOrders(ctx,
				w.event("evt_1", "checkout.session.completed", version, 1, object{
					"id": "cs_1", "object": "checkout.session", "mode": "subscription", "customer": "cus_1", "subscription": "sub_1", "invoice": "in_1",
					"client_reference_id": w.cref.String(), "payment_status": "paid", "amount_total": 10000, "currency": "usd",
				}),
				w.event("evt_2", "customer.created", version, 2, object{"id": "cus_1", "object": "customer", "email": "bob@example.com", "metadata": object{"openpartner_user_id": "bob"}}),
				w.event("evt_3", "customer.subscription.created", version, 3, object{"id": "sub_1", "object": "subscription", "customer": "cus_1"}),
				w.event("evt_4", "invoice.paid", version, 4, invoice),
				w.event("evt_5", "charge.refunded", version, 5, refunded),
			)
			want := []string{
				"cus_1 signup bob less 0 earns Ada pending 700 USD",
				"in_1 invoice_paid bob 10000 USD less 4000 earns Ada pending 600 USD",
				"sub_1 subscription_created bob less 0 earns",
			}
			if !slices.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}
