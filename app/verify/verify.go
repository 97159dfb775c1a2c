// Package verify holds what is stored against what must be true of it, by SQL of its own.
//
// It shares no rule with the code that writes: the targets of the ledger are computed here a
// second time, in another language, from the events, decisions, rules and corrections alone. It
// reads all tables and writes none.
package verify

import (
	"context"
	"fmt"

	"github.com/openpartner/openpartner/app/db"
)

// Breach is an invariant that does not hold, with the first place where it does not.
type Breach struct {
	Invariant string
	Place     string
}

// String is the breach in one line.
func (b Breach) String() string { return b.Invariant + ": " + b.Place }

// invariant is a statement whose rows, each one text, are the places where it does not hold.
type invariant struct{ name, query string }

// Ledger checks every invariant of decisions, the ledger, payouts and the figures of the days, for all
// tenants that the transaction sees, and gives one breach for each that does not hold.
func Ledger(ctx context.Context) ([]Breach, error) {
	var out []Breach
	for _, i := range invariants() {
		var places []string
		if err := db.Tx(ctx).NewRaw(`select place from (`+i.query+`) as breaches (place) limit 1`).Scan(ctx, &places); err != nil {
			return nil, fmt.Errorf("check that %s: %w", i.name, err)
		}
		if len(places) > 0 {
			out = append(out, Breach{i.name, places[0]})
		}
	}
	return out, nil
}

// Invariants are the names of what is checked.
func Invariants() []string {
	var out []string
	for _, i := range invariants() {
		out = append(out, i.name)
	}
	return out
}

func invariants() []invariant {
	return append([]invariant{
		{"every event has its decision", `
			select 'event ' || e.id from events e
			where not exists (select from decisions d where d.tenant_id = e.tenant_id and d.event_id = e.id)`},
		{"the weights of an attributed event add up to one, and no other event has any", `
			select 'event ' || d.event_id || ' has ' || count(a.event_id) || ' shares that add up to ' || coalesce(sum(a.weight_num * s.den / a.weight_den), 0) || '/' || coalesce(max(s.den), 1)
			from decisions d
			left join attributions a on a.tenant_id = d.tenant_id and a.event_id = d.event_id
			left join lateral (select max(weight_den) as den from attributions b where b.tenant_id = a.tenant_id and b.event_id = a.event_id) s on true
			group by d.tenant_id, d.event_id, d.status
			having case when d.status = 'attributed' then coalesce(sum(a.weight_num * s.den / a.weight_den), 0) <> coalesce(max(s.den), 1)
				else count(a.event_id) > 0 end`},
		{"each key of the ledger adds up to what the rules say", target + `
			select 'event ' || event_id || ', partner ' || partner_id || ', rule ' || rule_id || ' has ' || coalesce(net, 0) || ' instead of ' || coalesce(target, 0)
			from targets full join nets using (tenant_id, event_id, partner_id, campaign_id, rule_id, currency)
			where coalesce(net, 0) <> coalesce(target, 0) and not coalesce(pinned, false)`},
		{"no key of the ledger is below nothing", `
			select 'event ' || event_id || ', partner ' || partner_id || ' has ' || sum(amount) from commissions
			where event_id is not null and status <> 'reversed'
			group by tenant_id, event_id, partner_id, campaign_id, rule_id having sum(amount) < 0`},
		{"a key has one currency and one live sale", `
			select 'event ' || event_id || ', partner ' || partner_id from commissions where event_id is not null and status <> 'reversed'
			group by tenant_id, event_id, partner_id, campaign_id, rule_id
			having count(distinct currency) > 1 or count(*) filter (where kind = 'earned') > 1`},
		{"a row's state has its time and reason", `
			select 'commission ' || id || ' is ' || status from commissions
			where (status = 'approved' and approved_at is null) or (status = 'paid' and paid_at is null)
				or (status = 'held') <> (held_reason is not null) or (status = 'reversed') <> (reversed_reason is not null)`},
		{"rows by hand carry a note, and all others an event", `
			select 'commission ' || id from commissions
			where case when event_id is null then note is null or kind not in ('adjustment', 'bonus') else rule_id is null or kind = 'bonus' end`},
		{"what takes money back is never open", `
			select 'commission ' || id || ' of ' || amount || ' is ' || status from commissions where amount < 0 and status in ('pending', 'held')`},
		{"the ledger is guarded", `
			select 'the trigger ' || g.guard || ' is missing or disabled' from (values
				('commissions', 'commissions_guard'), ('commissions', 'commissions_stay'), ('payouts', 'payouts_guard'), ('payouts', 'payouts_stay'),
				('payout_items', 'payout_items_guard'), ('payout_items', 'payout_items_stay')) g (of, guard)
			where not exists (select from pg_trigger where tgname = g.guard and tgrelid = g.of::regclass and tgenabled = 'O')
			union all
			select grantee || ' may delete ' || table_name from information_schema.role_table_grants
			where table_name in ('commissions', 'payouts', 'payout_items') and (grantee, privilege_type) in (
				('openpartner_app', 'DELETE'), ('openpartner_app', 'TRUNCATE'), ('openpartner_system', 'TRUNCATE'))`},
		{"the money of each day is what the facts say", moneyOfDays},
		{"the clicks of each day are what the facts say", clicksOfDays},
	}, ofPayouts()...)
}
