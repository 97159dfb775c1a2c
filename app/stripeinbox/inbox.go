// Package stripeinbox takes what Stripe says happened and makes it what users of the merchant did.
//
// It owns the inbox, the routes by which it finds the tenant of an event, and what ties objects of
// Stripe to users and sales. It decides nothing about money: it tells attribution. Invariant: any
// order of the same events, duplicates included, comes to the same ledger.
package stripeinbox

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/config"
	"github.com/openpartner/openpartner/app/pay"
	"github.com/openpartner/openpartner/app/tracking"
)

// The endpoints, by who set them up. What the connect endpoint takes is about accounts of partners.
const (
	EndpointPlatform = "platform"
	EndpointConnect  = "connect"
	EndpointTenant   = "tenant"
)

// Status is how far an event is.
type Status string

// The states. Nothing that was taken is ever dropped: what can't be done waits, or failed.
const (
	StatusReceived  Status = "received"
	StatusProcessed Status = "processed"
	StatusIgnored   Status = "ignored"
	StatusWaiting   Status = "waiting"
	StatusFailed    Status = "failed"
)

// Statuses lists all, in the order in which people are shown them.
func Statuses() []Status {
	return []Status{StatusReceived, StatusWaiting, StatusFailed, StatusProcessed, StatusIgnored}
}

// Reason says why an event waits, is ignored or failed.
type Reason string

// The reasons.
const (
	ReasonTenantUnknown   Reason = "tenant_unknown"    // nothing in it says whose it is, yet
	ReasonTenantAmbiguous Reason = "tenant_ambiguous"  // it could be several programs'
	ReasonSaleUnknown     Reason = "sale_unknown"      // it takes back what was not sold yet
	ReasonSessionMayCome  Reason = "session_may_come"  // a payment of which only its session tells who paid
	ReasonUnclear         Reason = "payment_unclear"   // a payment that may be an invoice's
	ReasonAsking          Reason = "asking"            // Stripe is being asked
	ReasonNotFollowed     Reason = "not_followed"      // of a type that means nothing here
	ReasonNoObject        Reason = "no_object"         // a thin event
	ReasonConnect         Reason = "connected_account" // a connected account's, which can't earn
	ReasonNothingPaid     Reason = "nothing_paid"      // a trial, or a whole discount
	ReasonOfInvoice       Reason = "of_an_invoice"     // which earns by itself
	ReasonCounted         Reason = "counted_already"   // by another event of the same payment
	ReasonNobody          Reason = "nobody"            // says nothing about who it was
	ReasonUnreadable      Reason = "unreadable"
	ReasonRefused         Reason = "refused"
)

// Event is one of the inbox.
type Event struct {
	ID            uuid.UUID
	Endpoint      string
	StripeEventID string
	Type          string
	Account       *string
	APIVersion    *string
	Livemode      bool
	TenantID      *uuid.UUID
	ResolvedBy    *string
	Refs          []string `bun:",array"`
	Payload       *string  // gone after a while
	Findings      json.RawMessage
	Status        Status
	Reason        *Reason
	Error         *string
	MatchedBy     *string
	EventID       *uuid.UUID // what it became
	Attempts      int
	OccurredAt    time.Time
	NextTryAt     *time.Time
	ProcessedAt   *time.Time
	CreatedAt     time.Time
}

// open says that there is still something to do about it.
func (e Event) open() bool { return e.Status == StatusReceived || e.Status == StatusWaiting }

// Hook is told of events that are other features' business, in the transaction that settles them.
type Hook func(ctx context.Context, e pay.Event) error

// Owner finds the tenants that objects of the operator's account belong to, by ids that a feature
// stored. It sees all tenants' rows.
type Owner func(ctx context.Context, refs []string) ([]uuid.UUID, error)

// Options are what a Service stands on.
type Options struct {
	Attribution *attribution.Service
	Tracking    *tracking.Service
	Accounts    *pay.Accounts
	Stripe      config.Stripe
	Multi       bool
	Now         func() time.Time

	Secret     func(ctx context.Context) (config.Secret, error) // that signs the tenant's own events
	ExcludeTax func(ctx context.Context) (bool, error)
	Promotion  func(ctx context.Context, code string) (*attribution.Credit, error) // nil when it is no coupon's

	Hooks map[string]Hook // by type of event; "transfer.*" for all that begin so
	// Own takes events of the operator's account that are about a tenant as a customer, for billing; Billed
	// finds the tenants that customers of the operator are.
	Own    func(ctx context.Context, e pay.Event) (taken bool, err error)
	Billed Owner
}

// Service takes, keeps and follows up on Stripe's events.
type Service struct {
	Options

	handlers map[string]handler
}

// NewService makes the service.
func NewService(o Options) *Service {
	s := &Service{Options: o}
	s.handlers = s.table()
	return s
}

// The kinds of jobs.
const (
	KindResolve = "stripe.resolve" // finds the tenant of an event
	KindProcess = "stripe.process" // does what an event says
	KindAsk     = "stripe.ask"     // asks Stripe what an event does not say
	KindStitch  = "stripe.stitch"  // tries again what waits for a customer
	KindCompare = "stripe.compare" // looks at Stripe for what was missed
)

// Order is the argument of jobs about one event.
type Order struct {
	ID uuid.UUID `json:"id"`
}

// kept is how long an event may wait.
const kept = 30 * 24 * time.Hour

// backoff is when an event that waits is tried again by itself; what it waits for wakes it before.
func backoff(attempts int) time.Duration {
	waits := []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour}
	return waits[min(max(attempts, 1), len(waits))-1]
}
