package jobs

import (
	"context"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/signin"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/app/tracking"
	"github.com/openpartner/openpartner/app/webhooks"
	"github.com/openpartner/openpartner/views/email"
)

// Webhooks are the jobs that send messages to programs of the merchant.
func Webhooks(app *db.Pool, s *webhooks.Service, clicks *tracking.Service) []Registration {
	return []Registration{
		{Kind: webhooks.KindDeliver, Timeout: 2 * webhooks.Timeout, Run: func(ctx context.Context, j Job) error { return deliverWebhook(ctx, app, s, j) }},
		{Kind: tracking.KindFlagged, InTx: true, Run: func(ctx context.Context, j Job) error {
			var order tracking.ArrivedFlagged
			if err := j.Decode(&order); err != nil {
				return err
			}
			return clicks.TellFlagged(ctx, order.Clicks)
		}},
	}
}

// deliverWebhook calls the receiver between two transactions. A receiver that fails is not a job that
// fails: its message comes again by a job of its own, so that the others go on.
func deliverWebhook(ctx context.Context, app *db.Pool, s *webhooks.Service, j Job) error {
	var order webhooks.Deliver
	if err := j.Decode(&order); err != nil {
		return err
	}
	tenant := tenancy.From(ctx)
	var call webhooks.Call
	err := tenancy.Read(ctx, app, tenant, func(ctx context.Context) (err error) {
		call, err = s.Prepare(ctx, order)
		return err
	})
	if fault.Is(err, fault.KindNotFound) {
		return nil // nothing that is to be sent any more
	}
	if err != nil {
		return err
	}
	answer := s.Send(ctx, call)
	if ctx.Err() != nil {
		return ctx.Err() // cut off by a shutdown: nobody knows what became of it, so it is sent again
	}
	return tenancy.Run(ctx, app, tenant, func(ctx context.Context) error {
		if err := j.Hold(ctx); err != nil {
			return err
		}
		return s.Settle(ctx, call, answer)
	})
}

// webhookDisabled tells an admin that an endpoint is not told anything any more.
func (m *Mailer) webhookDisabled(ctx context.Context, j Job) error {
	var order webhooks.Disabled
	if err := j.Decode(&order); err != nil {
		return err
	}
	return m.invite(ctx, order.AdminID.String(), func(ctx context.Context, b email.Brand) (signin.Invitation, email.Message, error) {
		e, err := m.Webhooks.Find(ctx, order.EndpointID)
		if err == nil && e.Status == webhooks.StatusActive {
			err = fault.NotFound("news") // somebody was faster
		}
		if err != nil {
			return signin.Invitation{}, email.Message{}, err
		}
		a, err := m.Admins.Find(ctx, order.AdminID)
		reason := ""
		if e.DisabledReason != nil {
			reason = *e.DisabledReason
		}
		u := routes.From(ctx)
		return signin.Invitation{Name: a.Name, Email: a.Email}, email.WebhookDisabled(b, e.URL, reason, u.Absolute(u.WebhookShow(e.ID))), err
	})
}
