package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/openpartner/openpartner/app/coordinator"
	"github.com/openpartner/openpartner/app/db"
)

// KindRetention deletes what has served its time.
const KindRetention = "retention"

// keptDeliveries is how long the log of webhooks goes back.
const keptDeliveries = 30 * 24 * time.Hour

// keptJobs is how long finished jobs can be looked up.
const keptJobs = 7 * 24 * time.Hour

// keptRecent is how long the velocity rule may look back: more than any window, so that clicks
// which come late are judged as well.
const keptRecent = 3 * time.Hour

// keptUnverified is how long a sign-up waits for its address to be confirmed: as long as the link
// in the mail works.
const keptUnverified = 7 * 24 * time.Hour

// keptImports is how long the rows of a list can be looked up.
const keptImports = 30 * 24 * time.Hour

// keptPrograms is how long the file of a whole program stays.
const keptPrograms = 7 * 24 * time.Hour

// keptStripe is how long the text of Stripe's events stays.
const keptStripe = 90 * 24 * time.Hour

// HubPeriodics are the jobs that the clock asks the Network's hub for.
func HubPeriodics() []Periodic {
	return []Periodic{{Kind: KindRetention, Spec: "10 * * * *"}, {Kind: coordinator.KindSweep, Spec: "*/5 * * * *"}, {Kind: coordinator.KindRefresh, Spec: "*/15 * * * *"}}
}

// Periodics are the jobs that the clock asks for.
func Periodics() []Periodic {
	return []Periodic{{Kind: KindRetention, Spec: "10 * * * *"}, {Kind: KindApproveAll, Spec: "0 * * * *"}, {Kind: KindExpireClicks, Spec: "30 3 * * *"},
		{Kind: KindDeleteTenants, Spec: "45 3 * * *"}, {Kind: KindCheckFigures, Spec: "15 4 * * *"}, {Kind: KindHeartbeats, Spec: "20 * * * *"}, {Kind: KindPayoutsDue, Spec: "5 0 * * *"}, {Kind: KindAccountsSeen, Spec: "40 * * * *"},
		{Kind: KindCompareStripe, Spec: "25 2 * * *"},
		{Kind: KindUsageAll, Spec: "30 0 * * *"}, {Kind: KindReconcileAll, Spec: "40 4 * * *"}}
}

// Retention deletes, of all tenants, spent links, sessions that are over (tombstones too),
// answers kept for repeated requests, full buckets of rate limits, counts of the velocity
// rule, salts of past days, finished jobs, and sign-ups that nobody confirmed or looked at. Rows
// of money and facts are no business of its, nor is somebody with whom an admin has begun
// something.
func Retention(now func() time.Time) Registration {
	return Registration{Kind: KindRetention, Timeout: 5 * time.Minute, InTx: true, Run: func(ctx context.Context, _ Job) error {
		at := now()
		for what, old := range map[string]struct {
			statement string
			before    time.Time
		}{
			"magic links":      {`delete from magic_links where expires_at < ?`, at.Add(-24 * time.Hour)},
			"sessions":         {`delete from sessions where expires_at < ?`, at},
			"deliveries":       {`delete from webhook_deliveries where created_at < ?`, at.Add(-keptDeliveries)},
			"staff's links":    {`delete from platform.magic_links where expires_at < ?`, at.Add(-24 * time.Hour)},
			"staff's sessions": {`delete from platform.sessions where expires_at < ?`, at},
			"idempotency keys": {`delete from idempotency_keys where expires_at < ?`, at},
			"rate limits":      {`delete from platform.rate_limits where tat < ?`, time.Now()},
			"recent clicks":    {`delete from recent_clicks where created_at < ?`, at.Add(-keptRecent)},
			"daily salts":      {`delete from platform.daily_salts where day < ?::date`, at.UTC().AddDate(0, 0, -2)},
			"sign-ups": {`delete from partners p where p.status = 'unverified' and p.created_at < ?
				and not exists (select from partner_campaigns x where x.tenant_id = p.tenant_id and x.partner_id = p.id)
				and not exists (select from links x where x.tenant_id = p.tenant_id and x.partner_id = p.id)
				and not exists (select from coupons x where x.tenant_id = p.tenant_id and x.partner_id = p.id)
				and not exists (select from api_keys x where x.tenant_id = p.tenant_id and x.partner_id = p.id)
				and not exists (select from commission_rules x where x.tenant_id = p.tenant_id and x.partner_id = p.id)
				and not exists (select from commissions x where x.tenant_id = p.tenant_id and x.partner_id = p.id)`, at.Add(-keptUnverified)},
			"imports of programs": {`delete from program_imports where created_at < ?`, at.Add(-keptPrograms)},
			"imports":             {`delete from partner_imports where created_at < ?`, at.Add(-keptImports)},
			"texts of Stripe's events": {`update platform.stripe_events set payload = null, findings = null
				where payload is not null and created_at < ? and status not in ('received', 'waiting')`, at.Add(-keptStripe)},
			"applications": {`delete from partner_applications where created_at < ?`, at.Add(-keptUnverified)},
			"jobs":         {`delete from platform.jobs where status in ('done', 'cancelled') and finished_at < ?`, time.Now().Add(-keptJobs)},
		} {
			if _, err := db.Tx(ctx).NewRaw(old.statement, old.before).Exec(ctx); err != nil {
				return fmt.Errorf("delete old %s: %w", what, err)
			}
		}
		return nil
	}}
}
