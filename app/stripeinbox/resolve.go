package stripeinbox

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/tracking"
)

// How the tenant of an event was found.
const (
	byBilling  = "own_customer" // the customer is a tenant itself, who pays the operator
	byPayouts  = "payout"       // it is about an account or transfer of a partner's
	byRoute    = "route"        // one of its objects was met before
	byClick    = "click"
	byIdentity = "identity"
	byMetadata = "metadata" // that the operator wrote onto objects of their own account
)

// Resolve finds the tenant of an event that came to an endpoint of the operator's, and hands the
// event on. It runs as the system role, in a transaction that sees all tenants.
func (s *Service) Resolve(ctx context.Context, id uuid.UUID) error {
	if err := auth.Require(ctx, auth.PlatformScope); err != nil {
		return err
	}
	if err := lockRoutes(ctx); err != nil {
		return err
	}
	row, err := lockEvent(ctx, id)
	if fault.Is(err, fault.KindNotFound) || (err == nil && (row.TenantID != nil || !row.open())) {
		return nil // done meanwhile
	}
	if err != nil {
		return err
	}
	row.Attempts++
	tenants, by, err := s.search(ctx, row)
	if err != nil {
		return err
	}
	if len(tenants) != 1 {
		return s.waitForTenant(ctx, row, len(tenants) > 1)
	}
	return s.handOn(ctx, row, tenants[0], by)
}

// search asks in order of trust; the first that knows any tenant has the word.
func (s *Service) search(ctx context.Context, row Event) (tenants []uuid.UUID, by string, err error) {
	e, err := row.parse()
	if err != nil {
		return nil, "", nil //nolint:nilerr // what says nothing belongs to nobody that we know of
	}
	c := clueOf(e.Object)
	refs := row.Refs
	if row.Account != nil {
		refs = append(slices.Clone(refs), *row.Account)
	}
	steps := []struct {
		by   string
		find func() ([]uuid.UUID, error)
	}{
		{byBilling, func() ([]uuid.UUID, error) { return s.billed(ctx, refs) }},
		{byRoute, func() ([]uuid.UUID, error) { return findRoutes(ctx, refs) }},
		{byPayouts, func() ([]uuid.UUID, error) { return tenantsOfPayouts(ctx, refs) }},
		{byClick, func() ([]uuid.UUID, error) { return tenantsOfClicks(ctx, c.crefs()) }},
		{byIdentity, func() ([]uuid.UUID, error) { return tenantsOfUser(ctx, string(c.Customer)) }},
		{byMetadata, func() ([]uuid.UUID, error) { return tenantsNamed(ctx, c.Metadata.text("openpartner_tenant_id")) }},
	}
	if row.Endpoint == EndpointConnect { // it is about an account that a partner is paid on
		steps = steps[2:3]
	}
	for _, step := range steps {
		found, err := step.find()
		if err != nil {
			return nil, "", err
		}
		if found = distinct(found); len(found) > 0 {
			return found, step.by, nil
		}
	}
	return nil, "", nil
}

func (s *Service) billed(ctx context.Context, refs []string) ([]uuid.UUID, error) {
	if s.Billed == nil || len(refs) == 0 {
		return nil, nil
	}
	return s.Billed(ctx, refs)
}

func distinct(all []uuid.UUID) []uuid.UUID {
	slices.SortFunc(all, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(all)
}

func (s *Service) waitForTenant(ctx context.Context, row Event, several bool) error {
	reason := ReasonTenantUnknown
	if several {
		reason = ReasonTenantAmbiguous
	}
	return s.stamp(ctx, row, waits(reason))
}

// handOn makes the event the tenant's. What it names is known from now on, and may be what other
// events wait for.
func (s *Service) handOn(ctx context.Context, row Event, tenant uuid.UUID, by string) error {
	row.TenantID, row.ResolvedBy, row.Status, row.Reason, row.NextTryAt = &tenant, &by, StatusReceived, nil, nil
	if err := assignTenant(ctx, row); err != nil {
		return err
	}
	if err := s.order(ctx, row); err != nil {
		return err
	}
	if by == byBilling || row.Endpoint != EndpointPlatform {
		return nil // whose customer it is, is stored elsewhere
	}
	if err := insertRoutes(ctx, tenant, row.Refs, s.Now()); err != nil {
		return err
	}
	return s.wakeUnresolved(ctx, row.Refs)
}

func (s *Service) wakeUnresolved(ctx context.Context, refs []string) error {
	waiting, err := unresolvedOf(ctx, refs)
	if err != nil {
		return err
	}
	for _, row := range waiting {
		if err := s.order(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

// Stitched is for when a click was tied to a user: where the user is a customer at Stripe, events of
// theirs may have waited for it.
func (s *Service) Stitched(ctx context.Context, f tracking.Tied) error {
	if !s.Multi || !strings.HasPrefix(f.UserID, "cus_") {
		return nil
	}
	return outbox.Add(ctx, outbox.Job{Kind: KindStitch, Key: "stripe:" + f.UserID, Args: StitchOrder{f.UserID}})
}

// StitchOrder is the argument of KindStitch.
type StitchOrder struct {
	UserID string `json:"user_id"`
}

// Retry has the events that wait for a customer's tenant tried again. It runs as Resolve does.
func (s *Service) Retry(ctx context.Context, customer string) error {
	if err := auth.Require(ctx, auth.PlatformScope); err != nil {
		return err
	}
	return s.wakeUnresolved(ctx, []string{customer})
}

// sweepAtOnce is how many events a sweep tries again; the others come the next time.
const sweepAtOnce = 500

// Sweep has tried again what waits and is due. The clock of the workers asks for it at every look; it
// needs a transaction that sees all tenants.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.Now()
	due, err := dueAgain(ctx, now, now.Add(time.Hour), sweepAtOnce)
	if err != nil {
		return err
	}
	for _, row := range due {
		if err := s.order(ctx, row); err != nil {
			return err
		}
	}
	return nil
}
