package webhooks

import (
	"context"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/paging"
)

// DeliveryFilter narrows the log.
type DeliveryFilter struct {
	EndpointID uuid.UUID
	Status     string
}

// Deliveries gives the log of an endpoint, newest first.
func (s *Service) Deliveries(ctx context.Context, f DeliveryFilter, page paging.Page) (paging.Result[Delivery], error) {
	if _, err := s.Find(ctx, f.EndpointID); err != nil {
		return paging.Result[Delivery]{}, err
	}
	rows, err := listDeliveries(ctx, f, page)
	if err != nil {
		return paging.Result[Delivery]{}, err
	}
	return paging.Cut(rows, page, func(d Delivery) paging.Cursor { return paging.Cursor{At: d.CreatedAt, ID: d.ID} }), nil
}

// Delivery gives one entry of an endpoint's log.
func (s *Service) Delivery(ctx context.Context, endpoint, id uuid.UUID) (Delivery, error) {
	if err := mayRead(ctx); err != nil {
		return Delivery{}, err
	}
	d, err := findDelivery(ctx, id, false)
	if err == nil && d.EndpointID != endpoint {
		err = fault.NotFound("delivery")
	}
	return d, err
}

// Redeliver sends a message once more, with the id that it has.
func (s *Service) Redeliver(ctx context.Context, endpoint, id uuid.UUID) (Delivery, error) {
	e, err := s.locked(ctx, endpoint)
	if err != nil {
		return Delivery{}, err
	}
	d, err := findDelivery(ctx, id, true)
	if err != nil {
		return Delivery{}, err
	}
	if d.EndpointID != e.ID {
		return Delivery{}, fault.NotFound("delivery")
	}
	all, err := s.again(ctx, []Delivery{d})
	if err != nil {
		return Delivery{}, err
	}
	return all[0], audit.Record(ctx, audit.Entry{Action: "webhook.redelivered", SubjectKind: "webhook", SubjectID: e.ID, Detail: map[string]string{"message_id": d.MessageID}})
}

// redeliverAtOnce is how many of what failed are sent again at one request.
const redeliverAtOnce = 1000

// RedeliverFailed sends again what an endpoint did not take, oldest first, and says how many these
// are; at most a thousand at a time.
func (s *Service) RedeliverFailed(ctx context.Context, endpoint uuid.UUID) (int, error) {
	e, err := s.locked(ctx, endpoint)
	if err != nil {
		return 0, err
	}
	failed, err := lockFailed(ctx, e.ID, redeliverAtOnce)
	if err != nil || len(failed) == 0 {
		return 0, err
	}
	if _, err := s.again(ctx, failed); err != nil {
		return 0, err
	}
	return len(failed), audit.Record(ctx, audit.Entry{Action: "webhook.redelivered", SubjectKind: "webhook", SubjectID: e.ID, Detail: map[string]int{"messages": len(failed)}})
}

func (s *Service) again(ctx context.Context, all []Delivery) ([]Delivery, error) {
	jobs := make([]outbox.Job, len(all))
	for i := range all {
		all[i].Status, all[i].Attempts, all[i].NextAttemptAt = StatusPending, 0, nil
		jobs[i] = outbox.Job{Kind: KindDeliver, Args: Deliver{DeliveryID: all[i].ID}}
	}
	if err := resetDeliveries(ctx, all); err != nil {
		return nil, err
	}
	return all, outbox.AddAll(ctx, jobs)
}
