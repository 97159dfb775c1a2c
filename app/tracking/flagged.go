package tracking

import (
	"context"

	"github.com/google/uuid"
)

// Flagged is the fact that clicks do not count, whoever or whatever found out.
type Flagged struct{ Clicks []Click }

// KindFlagged is the job kind of ArrivedFlagged.
const KindFlagged = "clicks.flagged"

// ArrivedFlagged is the order to tell of clicks that had a flag when they came. They are stored by the
// thousand and for all tenants at once, so it is told after that.
type ArrivedFlagged struct {
	Clicks []uuid.UUID `json:"clicks"`
}

// TellFlagged lets others follow the flags of some clicks.
func (s *Service) TellFlagged(ctx context.Context, clicks []uuid.UUID) error {
	var f Flagged
	for _, id := range clicks {
		c, err := findClick(ctx, id)
		if err != nil {
			return err
		}
		f.Clicks = append(f.Clicks, c)
	}
	return s.facts.Tell(ctx, f)
}

// orderFlagged writes an ArrivedFlagged for each tenant that has somebody to tell.
const orderFlagged = `
	insert into platform.jobs (id, tenant_id, kind, dedupe_key, args, status, run_at, max_attempts)
	select gen_random_uuid(), f.tenant_id, '` + KindFlagged + `', '` + KindFlagged + `:' || min(f.id::text),
		jsonb_build_object('clicks', array_agg(f.id)), 'pending', now(), 12
	from unnest($1::uuid[], $2::uuid[]) as f (tenant_id, id)
	where exists (select from webhook_endpoints e where e.tenant_id = f.tenant_id and e.status = 'active'
		and e.events && array['click.flagged', '*'])
	group by f.tenant_id
	on conflict do nothing`

// flaggedColumns are the clicks of a batch that have a flag, with their tenants.
func flaggedColumns(batch []Arrival) (tenants, clicks uuidColumn) {
	for _, a := range batch {
		if a.Click.Flag != "" {
			tenants, clicks = append(tenants, id(a.TenantID)), append(clicks, id(a.Click.ID))
		}
	}
	return tenants, clicks
}
