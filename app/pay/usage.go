package pay

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/billing/meter"
	"github.com/stripe/stripe-go/v76/billing/meterevent"
	"github.com/stripe/stripe-go/v76/billing/metereventsummary"
)

// UsageInput is something that a customer used. Stripe counts an identifier once, for at least 24 hours.
type UsageInput struct {
	Key        string // of idempotency
	Identifier string
	Meter      string // the name of the events that it counts
	Customer   string
	Value      int64
	At         time.Time
}

// ReportUsage tells a meter. That Stripe knows the identifier already is as good as that it took it.
func (c *Client) ReportUsage(ctx context.Context, in UsageInput) error {
	_, err := meterevent.Client{B: c.backend, Key: c.key}.New(&stripe.BillingMeterEventParams{
		Params: keyed(ctx, in.Key), EventName: stripe.String(in.Meter), Identifier: stripe.String(in.Identifier), Timestamp: stripe.Int64(in.At.Unix()),
		Payload: map[string]string{"stripe_customer_id": in.Customer, "value": strconv.FormatInt(in.Value, 10)},
	})
	if err == nil {
		return nil
	}
	err = read(err)
	if e, ok := errors.AsType[*Error](err); ok && e.Refused && strings.Contains(e.Message, "already exists with identifier") {
		return nil
	}
	return fmt.Errorf("report usage: %w", err)
}

// FindMeter gives the id of the meter that counts events of a name. One that is not there is Unknown.
func (c *Client) FindMeter(ctx context.Context, name string) (string, error) {
	pages := meter.Client{B: c.backend, Key: c.key}.List(&stripe.BillingMeterListParams{
		ListParams: listing(ctx), Status: stripe.String(string(stripe.BillingMeterStatusActive)),
	})
	for pages.Next() {
		if m := pages.BillingMeter(); m.EventName == name {
			return m.ID, nil
		}
	}
	if err := pages.Err(); err != nil {
		return "", fmt.Errorf("list meters: %w", read(err))
	}
	return "", &Error{Unknown: true, Status: 404, Code: "resource_missing", Message: "No active meter counts " + name}
}

// Usage is what a meter has counted for a customer in whole minutes. It counts some time after it was
// told.
func (c *Client) Usage(ctx context.Context, meter, customer string, from, to time.Time) (total int64, err error) {
	pages := metereventsummary.Client{B: c.backend, Key: c.key}.List(&stripe.BillingMeterEventSummaryListParams{
		ListParams: listing(ctx), ID: stripe.String(meter), Customer: stripe.String(customer),
		StartTime: stripe.Int64(from.Unix()), EndTime: stripe.Int64(to.Unix()),
	})
	for pages.Next() {
		v := pages.BillingMeterEventSummary().AggregatedValue
		if v != math.Trunc(v) || math.Abs(v) >= 1<<53 { // Stripe's numbers are floats
			return 0, fmt.Errorf("read usage: %v is no whole number", v)
		}
		total += int64(v)
	}
	if err := pages.Err(); err != nil {
		return 0, fmt.Errorf("read usage of %s: %w", customer, read(err))
	}
	return total, nil
}
