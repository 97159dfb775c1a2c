package pay

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/stripe/stripe-go/v76"
	checkout "github.com/stripe/stripe-go/v76/checkout/session"
	"github.com/stripe/stripe-go/v76/paymentintent"
)

// Payment is where a payment came from.
type Payment struct {
	ID      string
	Invoice string          // that it paid, if any
	Session json.RawMessage // the checkout that it was made in, as it is, if any
}

// FindPayment reads what a payment was for, as this library's API version tells it.
func (c *Client) FindPayment(ctx context.Context, id string) (Payment, error) {
	p, err := paymentintent.Client{B: c.backend, Key: c.key}.Get(id, &stripe.PaymentIntentParams{Params: params(ctx)})
	if err != nil {
		return Payment{}, fmt.Errorf("read payment %s: %w", id, read(err))
	}
	out := Payment{ID: p.ID}
	if p.Invoice != nil {
		out.Invoice = p.Invoice.ID
		return out, nil
	}
	list := &stripe.CheckoutSessionListParams{ListParams: listing(ctx), PaymentIntent: stripe.String(id)}
	list.Limit, list.Single = stripe.Int64(1), true
	list.AddExpand("data.total_details.breakdown") // whose discounts name the promotion code
	pages := checkout.Client{B: c.backend, Key: c.key}.List(list)
	var raw struct{ Data []json.RawMessage }
	if err := pages.Err(); err != nil {
		return Payment{}, fmt.Errorf("find the session of payment %s: %w", id, read(err))
	}
	if err := json.Unmarshal(pages.CheckoutSessionList().LastResponse.RawJSON, &raw); err != nil {
		return Payment{}, fmt.Errorf("read the session of payment %s: %w", id, err)
	}
	if len(raw.Data) > 0 {
		out.Session = raw.Data[0]
	}
	return out, nil
}
