package stripeinbox

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/pay"
	"github.com/openpartner/openpartner/app/tenancy"
)

// findings are what Stripe said about a payment, when it was asked.
type findings struct {
	Asked   bool     `json:"asked"`
	Invoice string   `json:"invoice,omitempty"` // that it belongs to
	Session *session `json:"session,omitempty"` // that it was made in
}

func (e Event) found() (f findings, err error) {
	if len(e.Findings) == 0 {
		return f, nil
	}
	if err := json.Unmarshal(e.Findings, &f); err != nil {
		return f, fmt.Errorf("read the findings of event %s: %w", e.StripeEventID, err)
	}
	return f, nil
}

// client is the account that an event is of, if we have a key to it.
func (s *Service) client(ctx context.Context, row Event) (*pay.Client, bool, error) {
	if s.Multi && row.Endpoint == EndpointPlatform {
		c, has := s.Accounts.Operator()
		return c, has, nil
	}
	has, err := s.Accounts.Available(ctx)
	if err != nil || !has {
		return nil, false, err
	}
	c, err := s.Accounts.Paying(ctx)
	return c, true, err
}

func (s *Service) keyed(ctx context.Context, row Event) (bool, error) {
	_, has, err := s.client(ctx, row)
	return has, err
}

// Ask asks Stripe what an event does not say, between two transactions, and has it tried again.
func (s *Service) Ask(ctx context.Context, unit tenancy.Unit, id uuid.UUID) error {
	var row Event
	var client *pay.Client
	err := unit(ctx, true, func(ctx context.Context) (err error) {
		if row, err = findEvent(ctx, id); err != nil || !row.open() {
			return err
		}
		client, _, err = s.client(ctx, row)
		return err
	})
	if fault.Is(err, fault.KindNotFound) || (err == nil && (client == nil || !row.open())) {
		return nil
	}
	if err != nil {
		return err
	}
	found := findings{Asked: true}
	if intent := row.intent(); intent != "" {
		if err := found.ask(ctx, client, intent); err != nil {
			return err
		}
	}
	text, err := json.Marshal(found)
	if err != nil {
		return fmt.Errorf("encode findings: %w", err)
	}
	return unit(ctx, false, func(ctx context.Context) error {
		if err := noteFindings(ctx, id, text); err != nil {
			return err
		}
		return outbox.Add(ctx, outbox.Job{Kind: KindProcess, Args: Order{id}})
	})
}

// intent is the payment that an event is about.
func (e Event) intent() string {
	parsed, err := e.parse()
	if err != nil {
		return ""
	}
	c := clueOf(parsed.Object)
	if c.Object == "payment_intent" {
		return c.ID
	}
	return string(c.PaymentIntent)
}

// ask reads the payment in the older layout, in which it names its invoice, and else its session.
// What the account does not know, is nobody's.
func (f *findings) ask(ctx context.Context, client *pay.Client, intent string) error {
	p, err := client.FindPayment(ctx, intent)
	if pay.Unknown(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if f.Invoice = p.Invoice; f.Invoice != "" || len(p.Session) == 0 {
		return nil
	}
	f.Session = &session{}
	if err := json.Unmarshal(p.Session, f.Session); err != nil {
		return fmt.Errorf("read the session of payment %s: %w", intent, err)
	}
	return nil
}
