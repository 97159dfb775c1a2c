package stripeinbox

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/pay"
	"github.com/openpartner/openpartner/app/tenancy"
)

// errForgotten says that what an event said is deleted.
var errForgotten = errors.New("the payload is gone")

// incoming is an event on its way through its tenant.
type incoming struct {
	pay.Event

	row      Event
	findings findings
}

// into reads the object of the event.
func (in incoming) into(object any) error {
	if err := json.Unmarshal(in.Object, object); err != nil {
		return unreadable(err)
	}
	return nil
}

// unreadable is the fault of objects that are not as Stripe makes them.
func unreadable(err error) error {
	return fault.Malformed("The object of this event can't be read.").WithCode(string(ReasonUnreadable)).Because(err)
}

// outcome is what became of an event.
type outcome struct {
	status    Status
	reason    Reason
	error     string
	matchedBy string
	event     uuid.UUID
}

func done(event uuid.UUID, matchedBy string) outcome {
	return outcome{status: StatusProcessed, event: event, matchedBy: matchedBy}
}
func ignored(r Reason) outcome { return outcome{status: StatusIgnored, reason: r} }
func waits(r Reason) outcome   { return outcome{status: StatusWaiting, reason: r} }

// handler follows up on the events of some types.
type handler func(ctx context.Context, in incoming) (outcome, error)

// table says who follows up on what. Types that stand in neither table are kept and ignored.
func (s *Service) table() map[string]handler {
	return map[string]handler{
		"checkout.session.completed":               s.sessionCompleted,
		"checkout.session.async_payment_succeeded": s.sessionCompleted,
		"customer.created":                         s.customerTold,
		"customer.updated":                         s.customerTold,
		"customer.subscription.created":            s.subscriptionCreated,
		"invoice.paid":                             s.invoicePaid,
		"invoice.payment_failed":                   s.paymentFailed,
		"invoice_payment.paid":                     s.invoicePaymentPaid,
		"payment_intent.succeeded":                 s.paymentSucceeded,
		"charge.refunded":                          s.chargeRefunded,
		"refund.created":                           s.refunded,
		"refund.updated":                           s.refunded,
		"charge.refund.updated":                    s.refunded,
		"charge.dispute.created":                   s.disputed,
		"charge.dispute.closed":                    s.disputed,
		"credit_note.created":                      s.creditNoted,
	}
}

// Types are those that an endpoint of a program should send.
func Types() []string {
	return []string{
		"charge.dispute.closed", "charge.dispute.created", "charge.refunded", "checkout.session.async_payment_succeeded", "checkout.session.completed",
		"credit_note.created", "customer.created", "customer.subscription.created", "customer.updated", "invoice.paid", "invoice.payment_failed",
		"invoice_payment.paid", "payment_intent.succeeded", "refund.created", "refund.updated",
	}
}

// Process does what an event says, in a transaction pinned to its tenant, and writes down what came
// of it. The events of a tenant go one after the other: what one of them waits for is there, or is
// seen to be missing before it comes.
func (s *Service) Process(ctx context.Context, id uuid.UUID) error {
	if err := auth.Require(ctx, "events:write"); err != nil {
		return err
	}
	if err := lockInbox(ctx, tenancy.ID(ctx)); err != nil {
		return err
	}
	row, err := lockEvent(ctx, id)
	if fault.Is(err, fault.KindNotFound) || (err == nil && !row.open()) {
		return nil // done meanwhile
	}
	if err != nil {
		return err
	}
	row.Attempts++
	var out outcome
	err = db.Run(ctx, func(ctx context.Context) (err error) {
		out, err = s.follow(ctx, row)
		return err
	})
	if told, is := fault.From(err); is {
		out = failure(told)
	} else if err != nil {
		return err
	}
	return s.stamp(ctx, row, out)
}

// failure is the outcome of an event that can't be done as it is.
func failure(f *fault.Error) outcome {
	out := outcome{status: StatusFailed, reason: ReasonRefused, error: f.Message}
	if f.Code == string(ReasonUnreadable) {
		out.reason = ReasonUnreadable
	}
	for _, sentence := range f.Fields {
		out.error = sentence
	}
	return out
}

// follow finds who has to do with an event.
func (s *Service) follow(ctx context.Context, row Event) (outcome, error) {
	e, err := row.parse()
	if err != nil {
		return outcome{}, unreadable(err)
	}
	e.Created = row.OccurredAt
	if e.Account == "" && strings.HasPrefix(e.Type, "account.") {
		e.Account = clueOf(e.Object).ID
	}
	in := incoming{Event: e, row: row}
	if in.findings, err = row.found(); err != nil {
		return outcome{}, err
	}
	if taken, err := s.toBilling(ctx, row, e); taken || err != nil {
		return done(uuid.Nil, ""), err
	}
	hook, hooked := s.hook(e.Type)
	switch {
	case len(e.Object) == 0:
		return ignored(ReasonNoObject), nil
	case row.ResolvedBy != nil && *row.ResolvedBy == byBilling:
		return ignored(ReasonNotFollowed), nil // what a tenant pays, its partners can't earn from
	case row.Endpoint == EndpointConnect || e.Account != "":
		if !hooked || !strings.HasPrefix(e.Type, "account.") {
			return ignored(ReasonConnect), nil
		}
		return done(uuid.Nil, ""), hook(ctx, e)
	case hooked:
		return done(uuid.Nil, ""), hook(ctx, e)
	case s.handlers[e.Type] == nil:
		return ignored(ReasonNotFollowed), nil
	}
	return s.handlers[e.Type](ctx, in)
}

// toBilling gives billing what the operator's account says of a tenant as its customer.
func (s *Service) toBilling(ctx context.Context, row Event, e pay.Event) (taken bool, err error) {
	if s.Own == nil || row.Endpoint != EndpointPlatform || e.Account != "" || len(e.Object) == 0 {
		return false, nil
	}
	return s.Own(ctx, e)
}

// hook finds the feature whose business a type is.
func (s *Service) hook(eventType string) (Hook, bool) {
	if h := s.Hooks[eventType]; h != nil {
		return h, true
	}
	family, _, _ := strings.Cut(eventType, ".")
	h := s.Hooks[family+".*"]
	return h, h != nil
}

// stamp writes down what came of an event. What waits comes again by itself, but not for ever.
func (s *Service) stamp(ctx context.Context, row Event, out outcome) error {
	now := s.Now()
	if out.status == StatusWaiting && now.Sub(row.CreatedAt) > kept {
		out.status = StatusFailed
		if out.reason == ReasonSaleUnknown || out.reason == ReasonUnclear || out.reason == ReasonSessionMayCome {
			out.status = StatusIgnored // the sale was none of ours
		}
	}
	row.Status, row.Reason, row.Error, row.MatchedBy = out.status, nil, orNil(out.error), orNil(out.matchedBy)
	row.NextTryAt, row.ProcessedAt, row.EventID = nil, &now, nil
	if out.reason != "" {
		row.Reason = &out.reason
	}
	if out.event != uuid.Nil {
		row.EventID = &out.event
	}
	if out.status == StatusWaiting {
		next := now.Add(backoff(row.Attempts))
		row.NextTryAt, row.ProcessedAt = &next, nil
		if out.reason == ReasonAsking {
			if err := outbox.Add(ctx, outbox.Job{Kind: KindAsk, Args: Order{row.ID}}); err != nil {
				return err
			}
		}
	}
	return updateEvent(ctx, row)
}

// wake has the tenant's events tried again that wait for one of these objects.
func (s *Service) wake(ctx context.Context, o objects) error {
	waiting, err := waitingFor(ctx, o)
	if err != nil {
		return err
	}
	for _, id := range waiting {
		if err := outbox.Add(ctx, outbox.Job{Kind: KindProcess, Args: Order{id}}); err != nil {
			return err
		}
	}
	return nil
}
