package webhooks

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/tenancy"
)

// KindDeliver is the job kind of Deliver.
const KindDeliver = "webhooks.deliver"

// Deliver is the order to send one message.
type Deliver struct {
	DeliveryID uuid.UUID `json:"delivery_id"`
}

// Publish stores messages for every endpoint of the tenant that wants them, in the caller's
// transaction; they are sent after it. The first tries of an endpoint go out in order. What has to
// be tried again does not hold up the others.
func (s *Service) Publish(ctx context.Context, messages ...Message) error {
	if len(messages) == 0 {
		return nil
	}
	endpoints, err := s.wanted.of(ctx)
	if err != nil {
		return err
	}
	var deliveries []Delivery
	var jobs []outbox.Job
	for _, m := range messages {
		for _, e := range endpoints {
			if !e.wants(m.Type) {
				continue
			}
			d, err := s.delivery(e.ID, m)
			if err != nil {
				return err
			}
			deliveries = append(deliveries, d)
			jobs = append(jobs, outbox.Job{Kind: KindDeliver, Key: "webhook:" + e.ID.String(), Args: Deliver{DeliveryID: d.ID}})
		}
	}
	if len(deliveries) == 0 {
		return nil
	}
	if err := insertDeliveries(ctx, deliveries); err != nil {
		return err
	}
	return outbox.AddAll(ctx, jobs)
}

func (e Endpoint) wants(messageType string) bool {
	return slices.Contains(e.Events, messageType) || slices.Contains(e.Events, Everything)
}

// delivery is a message as it will be sent: type, time and data.
func (s *Service) delivery(endpoint uuid.UUID, m Message) (Delivery, error) {
	now := s.now()
	id := ids.NewAt(now)
	payload, err := json.Marshal(struct {
		Type      string    `json:"type"`
		Timestamp time.Time `json:"timestamp"`
		Data      any       `json:"data"`
	}{m.Type, now.UTC(), m.Data})
	if err != nil {
		return Delivery{}, fmt.Errorf("encode a webhook message: %w", err)
	}
	return Delivery{
		ID: id, EndpointID: endpoint, MessageID: "msg_" + strings.ReplaceAll(id.String(), "-", ""), EventType: m.Type,
		Payload: payload, Status: StatusPending, CreatedAt: now,
	}, nil
}

// rememberFor is how long it is believed that a program has no endpoint, if nobody says otherwise.
const rememberFor = 30 * time.Second

const maxRemembered = 10_000

// wanted remembers which programs have no endpoint at all, which are most: their transactions ask
// nothing. What endpoints there are is read in each transaction that has something for them.
type wanted struct {
	now func() time.Time

	mu      sync.Mutex
	none    map[uuid.UUID]time.Time // until when
	changes uint64                  // of which it was told
}

func newWanted(now func() time.Time) *wanted {
	return &wanted{now: now, none: map[uuid.UUID]time.Time{}}
}

func (w *wanted) of(ctx context.Context) ([]Endpoint, error) {
	tenant := tenancy.ID(ctx)
	w.mu.Lock()
	until, known := w.none[tenant]
	before := w.changes
	w.mu.Unlock()
	if known && w.now().Before(until) {
		return nil, nil
	}
	found, err := activeEndpoints(ctx)
	if err != nil || len(found) > 0 {
		return found, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.changes == before { // else what was read may be old already
		if len(w.none) >= maxRemembered {
			clear(w.none)
		}
		w.none[tenant] = w.now().Add(rememberFor)
	}
	return nil, nil
}

func (w *wanted) forget(tenant uuid.UUID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changes++
	delete(w.none, tenant)
}

func (w *wanted) heard(payload string) {
	text, ours := strings.CutPrefix(payload, "webhooks ")
	if tenant, err := uuid.Parse(text); ours && err == nil {
		w.forget(tenant)
	}
}

func (w *wanted) missed() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changes++
	clear(w.none)
}
