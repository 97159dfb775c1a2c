package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/network"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/protocol"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/signin"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/views/email"
)

// KindHeartbeats has the hearts of all connected programs beat.
const KindHeartbeats = "network.heartbeats"

// Network are the jobs that speak to the Network's hub, and the one that asks for them every hour.
func Network(app *db.Pool, s *network.Service, wake func()) []Registration {
	unit := Unit(app, wake)
	call := func(kind string, timeout time.Duration, run func(ctx context.Context, j Job) error) Registration {
		return Registration{Kind: kind, Timeout: timeout, Run: run}
	}
	return []Registration{
		call(network.KindPush, 2*protocol.PushTimeout+10*time.Second, func(ctx context.Context, j Job) error {
			var order network.Push
			if err := j.Decode(&order); err != nil {
				return err
			}
			return s.Tell(ctx, unit, order)
		}),
		call(network.KindBackfill, time.Minute, func(ctx context.Context, j Job) error {
			for begun := time.Now(); time.Since(begun) < stretch; {
				more, err := s.BackfillStep(ctx, unit, j.ID)
				if err != nil || !more {
					return err
				}
			}
			return Snooze(0, errors.New("to be continued"))
		}),
		call(network.KindHeartbeat, 2*protocol.CallTimeout, func(ctx context.Context, _ Job) error { return s.Heartbeat(ctx, unit) }),
		call(network.KindResend, time.Minute, func(ctx context.Context, j Job) error {
			var order network.Resend
			if err := j.Decode(&order); err != nil {
				return err
			}
			return s.Resend(ctx, unit, order)
		}),
		call(network.KindConnect, 2*protocol.CallTimeout, func(ctx context.Context, j Job) error {
			var order network.Connect
			if err := j.Decode(&order); err != nil {
				return err
			}
			return s.ConnectNow(ctx, unit, order)
		}),
		{Kind: KindHeartbeats, InTx: true, Run: func(ctx context.Context, j Job) error {
			var order struct{ Period string }
			if err := j.Decode(&order); err != nil {
				return err
			}
			return s.Beat(ctx, order.Period)
		}},
	}
}

// Unit runs the transactions of work that calls in between, for the tenant in ctx, and passes on what
// they leave for the workers.
func Unit(pool *db.Pool, wake func()) tenancy.Unit {
	return func(ctx context.Context, readOnly bool, fn func(ctx context.Context) error) error {
		if readOnly {
			return tenancy.Read(ctx, pool, tenancy.From(ctx), fn)
		}
		waker := &outbox.Waker{}
		err := tenancy.Run(outbox.WithWaker(ctx, waker), pool, tenancy.From(ctx), fn)
		if err == nil && waker.Asked {
			wake()
		}
		return err
	}
}

// networkLost tells an admin that the Network does not know the program any more.
func (m *Mailer) networkLost(ctx context.Context, j Job) error {
	var order network.Lost
	if err := j.Decode(&order); err != nil {
		return err
	}
	return m.invite(ctx, order.AdminID.String(), func(ctx context.Context, b email.Brand) (signin.Invitation, email.Message, error) {
		a, err := m.Admins.Find(ctx, order.AdminID)
		u := routes.From(ctx)
		return signin.Invitation{Name: a.Name, Email: a.Email}, email.NetworkLost(b, u.Absolute(u.Network())), err
	})
}
