package tracking

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
)

// expireBatch is how many clicks one transaction looks at.
const expireBatch = 1000

// Expiry walks through a tenant's old clicks, a portion for each transaction.
type Expiry struct {
	before time.Time
	at     time.Time // up to here
	id     uuid.UUID
}

// Expire begins a walk through the clicks that are older than 400 days.
func (s *Service) Expire() *Expiry { return &Expiry{before: s.now().Add(-kept)} }

// Before is the time that clicks must be older than.
func (e *Expiry) Before() time.Time { return e.before }

// Next deletes those of the next portion that nothing refers to: no user, no share and no line
// of the ledger. The sums of the days stay. It needs the system role, and reports how many were
// deleted and whether there may be more to look at.
func (e *Expiry) Next(ctx context.Context, tenant uuid.UUID) (deleted int, more bool, err error) {
	var row struct {
		Seen, Gone int
		At         *time.Time
		ID         *uuid.UUID
	}
	err = db.Tx(ctx).NewRaw(`
		with old as (
			select id, occurred_at from clicks
			where tenant_id = ?0 and occurred_at < ?1 and (occurred_at, id) > (?2, ?3)
			order by occurred_at, id limit ?4),
		gone as (
			delete from clicks k using old
			where k.tenant_id = ?0 and k.id = old.id
				and not exists (select from identities i where i.tenant_id = ?0 and i.click_id = k.id)
				and not exists (select from attributions a where a.tenant_id = ?0 and a.click_id = k.id)
				and not exists (select from commissions m where m.tenant_id = ?0 and m.click_id = k.id)
			returning k.id)
		select (select count(*) from old) as seen, (select count(*) from gone) as gone, last.occurred_at as at, last.id
		from (values (1)) one left join (select occurred_at, id from old order by occurred_at desc, id desc limit 1) last on true`,
		tenant, e.before, e.at, e.id, expireBatch).Scan(ctx, &row)
	if err != nil {
		return 0, false, fmt.Errorf("delete old clicks: %w", err)
	}
	if row.At == nil {
		return 0, false, nil
	}
	e.at, e.id = *row.At, *row.ID
	return row.Gone, row.Seen == expireBatch, nil
}
