package pay_test

import (
	"context"
	"testing"
	"time"

	"github.com/openpartner/openpartner/app/pay"
	"github.com/openpartner/openpartner/tests/testkit"
)

// TestStripeTakes holds every call that we make against Stripe's own description of its API.
func TestStripeTakes(t *testing.T) {
	t.Parallel()
	c := pay.NewBackend(testkit.StripeMock(t)).Client("sk_test_123")
	since := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, call := range map[string]func(ctx context.Context) error{
		"a transfer": func(ctx context.Context) error {
			_, err := c.Transfer(ctx, pay.TransferInput{Key: "k", Amount: 100, Currency: "USD", Destination: "acct_1", Group: "g", Description: "d"})
			return err
		},
		"one transfer":         func(ctx context.Context) error { _, err := c.FindTransfer(ctx, "tr_1"); return err },
		"transfers of a group": func(ctx context.Context) error { _, err := c.TransfersOf(ctx, "g"); return err },
		"transfers since":      func(ctx context.Context) error { _, err := c.TransfersSince(ctx, since); return err },
		"the own account":      func(ctx context.Context) error { _, err := c.Self(ctx); return err },
		"an Express account": func(ctx context.Context) error {
			_, err := c.OpenAccount(ctx, pay.AccountInput{Key: "k", Email: "a@example.com", Country: "de", Metadata: map[string]string{"partner": "1"}})
			return err
		},
		"a Standard account": func(ctx context.Context) error {
			_, err := c.OpenAccount(ctx, pay.AccountInput{Key: "k", Standard: true})
			return err
		},
		"one account": func(ctx context.Context) error { _, err := c.FindAccount(ctx, "acct_1"); return err },
		"onboarding": func(ctx context.Context) error {
			_, err := c.Onboarding(ctx, "k", "acct_1", "https://example.com/again", "https://example.com/back")
			return err
		},
		"events": func(ctx context.Context) error {
			return c.Events(ctx, since, []string{"invoice.paid"}, func(pay.Event) error { return nil })
		},
		"a customer": func(ctx context.Context) error {
			_, err := c.OpenCustomer(ctx, pay.CustomerInput{Key: "k", Description: "acme", Metadata: map[string]string{"tenant": "1"}})
			return err
		},
		"a checkout": func(ctx context.Context) error {
			_, err := c.StartCheckout(ctx, pay.CheckoutInput{
				Key: "k", Customer: "cus_1", Flat: []string{"price_1"}, Metered: []string{"price_2"}, Success: "https://example.com/paid", Cancel: "https://example.com/not",
				Metadata: map[string]string{"tenant": "1"},
			})
			return err
		},
		"one checkout": func(ctx context.Context) error { _, err := c.FindCheckout(ctx, "cs_1"); return err },
		"the portal": func(ctx context.Context) error {
			_, err := c.OpenPortal(ctx, "k", "cus_1", "https://example.com/")
			return err
		},
		"subscriptions": func(ctx context.Context) error { _, err := c.Subscriptions(ctx, "cus_1"); return err },
		"an invoice":    func(ctx context.Context) error { _, err := c.FindInvoice(ctx, "in_1"); return err },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := call(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestStripeTakes_Usage does it for meters.
func TestStripeTakes_Usage(t *testing.T) {
	t.Parallel()
	c := pay.NewBackend(testkit.StripeMockNewer(t)).Client("sk_test_123")
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	usage := pay.UsageInput{Key: "k", Identifier: "i", Meter: "usage_usd", Customer: "cus_1", Value: 100, At: at}
	if err := c.ReportUsage(t.Context(), usage); err != nil {
		t.Error(err)
	}
	if _, err := c.FindMeter(t.Context(), "usage_usd"); !pay.Unknown(err) { // its only meter counts something else
		t.Error(err)
	}
	if _, err := c.Usage(t.Context(), "mtr_1", "cus_1", at, at.Add(time.Hour)); err != nil {
		t.Error(err)
	}
}
