package stripeinbox

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/pay"
	"github.com/openpartner/openpartner/app/tenancy"
)

// Stripe gives up on an endpoint that does not answer after three days, but a night looks back two:
// what one misses, the next one finds.
const lookBack = 48 * time.Hour

// typesAtOnce is how many types Stripe takes in one question.
const typesAtOnce = 20

// OrderComparisons has each account that we have a key to looked into for events that never came. It
// runs as the system role, in a transaction that sees all tenants.
func (s *Service) OrderComparisons(ctx context.Context) error {
	if err := auth.Require(ctx, auth.PlatformScope); err != nil {
		return err
	}
	tenants, err := tenantsWithKey(ctx)
	if err != nil {
		return err
	}
	_, operator := s.Accounts.Operator()
	switch {
	case operator && s.Multi && configured(s.Stripe.WebhookSecrets):
		if err := outbox.AddPlatform(ctx, outbox.Job{Kind: KindCompare, Args: struct{}{}}); err != nil {
			return err
		}
	case operator && !s.Multi && !slices.Contains(tenants, tenancy.DefaultID()):
		tenants = append(tenants, tenancy.DefaultID())
	}
	for _, id := range tenants {
		if err := outbox.Add(tenancy.With(ctx, tenancy.Tenant{ID: id}), outbox.Job{Kind: KindCompare, Args: struct{}{}}); err != nil {
			return err
		}
	}
	return nil
}

// Compare asks an account for its latest events, and takes those that the inbox does not have, as if
// they had come by themselves. An account whose events nobody wants is left alone.
func (s *Service) Compare(ctx context.Context, unit tenancy.Unit) error {
	endpoint, client, err := s.compared(ctx, unit)
	if err != nil || client == nil {
		return err
	}
	var missed []pay.Event
	for types := range slices.Chunk(s.wanted(), typesAtOnce) {
		err := client.Events(ctx, s.Now().Add(-lookBack), types, func(e pay.Event) error {
			missed = append(missed, e)
			return nil
		})
		if err != nil {
			return err
		}
	}
	for some := range slices.Chunk(missed, 100) {
		err := unit(ctx, false, func(ctx context.Context) error { return s.takeMissed(ctx, endpoint, some) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) takeMissed(ctx context.Context, endpoint string, some []pay.Event) error {
	for _, e := range some {
		row := s.row(endpoint, e)
		if t, known := tenancy.Maybe(ctx); known {
			row.TenantID = &t.ID
		}
		if err := s.store(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

// compared is the account of the tenant in the context, or the operator's without one.
func (s *Service) compared(ctx context.Context, unit tenancy.Unit) (endpoint string, client *pay.Client, err error) {
	t, known := tenancy.Maybe(ctx)
	if !known {
		client, _ := s.Accounts.Operator()
		return EndpointPlatform, client, nil
	}
	endpoint = EndpointPlatform
	if s.Multi {
		endpoint = EndpointTenant
	}
	err = unit(ctx, true, func(ctx context.Context) error {
		secret, err := s.Secret(ctx)
		if err != nil || (secret == "" && (s.Multi || !configured(s.Stripe.WebhookSecrets))) {
			return err
		}
		client, _, err = s.client(ctx, Event{Endpoint: endpoint, TenantID: &t.ID})
		return err
	})
	return endpoint, client, err
}

// wanted are the types that somebody follows up on, of those that every API version knows.
func (s *Service) wanted() []string {
	types := slices.DeleteFunc(Types(), func(t string) bool { return t == "invoice_payment.paid" })
	for t := range s.Hooks {
		if !strings.HasSuffix(t, "*") && !strings.HasPrefix(t, "account.") {
			types = append(types, t)
		}
	}
	slices.Sort(types)
	return types
}
