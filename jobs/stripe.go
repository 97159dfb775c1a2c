package jobs

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/stripeinbox"
	"github.com/openpartner/openpartner/app/tenancy"
)

// KindCompareStripe looks, every night, for events of Stripe's that never came.
const KindCompareStripe = "stripe.compare_all"

// Stripe are the jobs that follow up on what Stripe says.
func Stripe(app, system *db.Pool, s *stripeinbox.Service, wake func()) []Registration {
	about := func(run func(ctx context.Context, id uuid.UUID) error) func(ctx context.Context, j Job) error {
		return func(ctx context.Context, j Job) error {
			var order stripeinbox.Order
			if err := j.Decode(&order); err != nil {
				return err
			}
			return run(ctx, order.ID)
		}
	}
	ofTenant := Unit(app, wake)
	return []Registration{
		{Kind: stripeinbox.KindResolve, InTx: true, Run: about(s.Resolve)},
		{Kind: stripeinbox.KindProcess, InTx: true, Run: about(s.Process)},
		{Kind: KindCompareStripe, InTx: true, Run: func(ctx context.Context, _ Job) error { return s.OrderComparisons(ctx) }},
		{Kind: stripeinbox.KindAsk, Timeout: time.Minute, Run: about(func(ctx context.Context, id uuid.UUID) error { return s.Ask(ctx, ofTenant, id) })},
		{Kind: stripeinbox.KindCompare, Timeout: 10 * time.Minute, Run: func(ctx context.Context, j Job) error {
			if j.Tenant.ID == uuid.Nil {
				return s.Compare(ctx, ofPlatform(system, wake))
			}
			return s.Compare(ctx, ofTenant)
		}},
		{Kind: stripeinbox.KindStitch, Run: func(ctx context.Context, j Job) error {
			var order stripeinbox.StitchOrder
			if err := j.Decode(&order); err != nil {
				return err
			}
			return ofPlatform(system, wake)(ctx, false, func(ctx context.Context) error { return s.Retry(ctx, order.UserID) })
		}},
	}
}

// ofPlatform is Unit for what no tenant is known of yet.
func ofPlatform(system *db.Pool, wake func()) tenancy.Unit {
	return func(ctx context.Context, readOnly bool, fn func(ctx context.Context) error) error {
		waker := &outbox.Waker{}
		err := system.InTx(outbox.WithWaker(ctx, waker), db.TxOptions{Platform: true, ReadOnly: readOnly}, fn)
		if err == nil && waker.Asked {
			wake()
		}
		return err
	}
}
