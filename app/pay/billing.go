package pay

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/stripe/stripe-go/v76"
	portalsession "github.com/stripe/stripe-go/v76/billingportal/session"
	checkoutsession "github.com/stripe/stripe-go/v76/checkout/session"
	"github.com/stripe/stripe-go/v76/customer"
	"github.com/stripe/stripe-go/v76/invoice"
	"github.com/stripe/stripe-go/v76/subscription"
)

// CustomerInput is somebody who is to pay. What they are called they say themselves, on Stripe's
// pages: a call that is repeated must be the same call.
type CustomerInput struct {
	Key         string // of idempotency
	Description string
	Metadata    map[string]string
}

// OpenCustomer makes a customer, and gives its id.
func (c *Client) OpenCustomer(ctx context.Context, in CustomerInput) (string, error) {
	made, err := customer.Client{B: c.backend, Key: c.key}.New(&stripe.CustomerParams{
		Params: keyed(ctx, in.Key), Description: stripe.String(in.Description), Metadata: in.Metadata,
	})
	if err != nil {
		return "", fmt.Errorf("make customer: %w", read(err))
	}
	return made.ID, nil
}

// Checkout is a page at Stripe where a customer subscribes.
type Checkout struct {
	ID   string
	URL  string
	Open bool // nobody has gone through it, and there is time left
}

// CheckoutInput is what a customer is to subscribe to.
type CheckoutInput struct {
	Key      string // of idempotency
	Customer string
	Flat     []string // prices that are paid whatever happens
	Metered  []string // prices of what is used
	Success  string   // where Stripe sends people who subscribed
	Cancel   string   // and who did not
	Metadata map[string]string
}

// StartCheckout makes the page.
func (c *Client) StartCheckout(ctx context.Context, in CheckoutInput) (Checkout, error) {
	var items []*stripe.CheckoutSessionLineItemParams
	for _, price := range in.Flat {
		items = append(items, &stripe.CheckoutSessionLineItemParams{Price: stripe.String(price), Quantity: stripe.Int64(1)})
	}
	for _, price := range in.Metered {
		items = append(items, &stripe.CheckoutSessionLineItemParams{Price: stripe.String(price)})
	}
	s, err := c.checkouts().New(&stripe.CheckoutSessionParams{
		Params: keyed(ctx, in.Key), Mode: stripe.String(string(stripe.CheckoutSessionModeSubscription)), Customer: stripe.String(in.Customer),
		CustomerUpdate: &stripe.CheckoutSessionCustomerUpdateParams{Name: stripe.String("auto"), Address: stripe.String("auto")},
		LineItems:      items, SuccessURL: stripe.String(in.Success), CancelURL: stripe.String(in.Cancel), Metadata: in.Metadata,
		SubscriptionData: &stripe.CheckoutSessionSubscriptionDataParams{Metadata: in.Metadata},
	})
	if err != nil {
		return Checkout{}, fmt.Errorf("start checkout: %w", read(err))
	}
	return checkoutOf(s), nil
}

// FindCheckout reads the page as it is now.
func (c *Client) FindCheckout(ctx context.Context, id string) (Checkout, error) {
	s, err := c.checkouts().Get(id, &stripe.CheckoutSessionParams{Params: params(ctx)})
	if err != nil {
		return Checkout{}, fmt.Errorf("read checkout %s: %w", id, read(err))
	}
	return checkoutOf(s), nil
}

// OpenPortal gives the address of a page at Stripe where a customer looks after cards, invoices and
// subscription. It works for some minutes.
func (c *Client) OpenPortal(ctx context.Context, key, customer, back string) (string, error) {
	s, err := portalsession.Client{B: c.backend, Key: c.key}.New(&stripe.BillingPortalSessionParams{
		Params: keyed(ctx, key), Customer: stripe.String(customer), ReturnURL: stripe.String(back),
	})
	if err != nil {
		return "", fmt.Errorf("open portal: %w", read(err))
	}
	return s.URL, nil
}

// Subscription is what a customer has agreed to pay.
type Subscription struct {
	ID       string
	Customer string
	Status   string // in Stripe's words
	Prices   []string
	Started  time.Time
	Ended    *time.Time
	From     time.Time // the period that is running
	Until    time.Time
	Cancels  *time.Time // when it will end, if somebody has said so
	Created  time.Time
}

// Lives reports whether it is not over, paid or not.
func (s Subscription) Lives() bool {
	return !slices.Contains([]string{"canceled", "incomplete_expired"}, s.Status)
}

// Subscriptions gives all that a customer has or had, newest first.
func (c *Client) Subscriptions(ctx context.Context, customer string) (out []Subscription, err error) {
	pages := subscription.Client{B: c.backend, Key: c.key}.List(&stripe.SubscriptionListParams{
		ListParams: listing(ctx), Customer: stripe.String(customer), Status: stripe.String("all"),
	})
	for pages.Next() {
		out = append(out, subscriptionOf(pages.Subscription()))
	}
	if err := pages.Err(); err != nil {
		return nil, fmt.Errorf("list subscriptions of %s: %w", customer, read(err))
	}
	slices.SortStableFunc(out, func(a, b Subscription) int { return b.Created.Compare(a.Created) })
	return out, nil
}

// Invoice is a bill to a customer.
type Invoice struct {
	ID       string
	Customer string
	Open     bool // it is to be paid, and is not
	Tried    bool // Stripe has tried to take the money
}

// FindInvoice reads a bill as it is now.
func (c *Client) FindInvoice(ctx context.Context, id string) (Invoice, error) {
	i, err := invoice.Client{B: c.backend, Key: c.key}.Get(id, &stripe.InvoiceParams{Params: params(ctx)})
	if err != nil {
		return Invoice{}, fmt.Errorf("read invoice %s: %w", id, read(err))
	}
	out := Invoice{ID: i.ID, Tried: i.Attempted}
	out.Open = i.Status == stripe.InvoiceStatusOpen || i.Status == stripe.InvoiceStatusUncollectible
	if i.Customer != nil {
		out.Customer = i.Customer.ID
	}
	return out, nil
}

func (c *Client) checkouts() checkoutsession.Client {
	return checkoutsession.Client{B: c.backend, Key: c.key}
}

func checkoutOf(s *stripe.CheckoutSession) Checkout {
	return Checkout{ID: s.ID, URL: s.URL, Open: s.Status == stripe.CheckoutSessionStatusOpen && s.URL != ""}
}

func subscriptionOf(s *stripe.Subscription) Subscription {
	out := Subscription{
		ID: s.ID, Status: string(s.Status), Started: moment(s.StartDate), Created: moment(s.Created), From: moment(s.CurrentPeriodStart), Until: moment(s.CurrentPeriodEnd),
	}
	if s.Customer != nil {
		out.Customer = s.Customer.ID
	}
	if s.EndedAt != 0 {
		ended := moment(s.EndedAt)
		out.Ended = &ended
	}
	switch {
	case s.CancelAt != 0:
		at := moment(s.CancelAt)
		out.Cancels = &at
	case s.CancelAtPeriodEnd:
		out.Cancels = &out.Until
	}
	if s.Items != nil {
		for _, item := range s.Items.Data {
			if item.Price != nil {
				out.Prices = append(out.Prices, item.Price.ID)
			}
		}
	}
	return out
}

// moment reads a time of Stripe's.
func moment(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
