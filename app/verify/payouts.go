package verify

// ofPayouts are what must be true of payouts and their rows.
func ofPayouts() []invariant {
	return []invariant{
		{"a payout is the sum of its rows", `
			select 'payout ' || p.id || ' of ' || p.amount || ' has rows of ' || coalesce(sum(i.amount), 0)
			from payouts p left join payout_items i on i.tenant_id = p.tenant_id and i.payout_id = p.id
			group by p.tenant_id, p.id having p.amount <> coalesce(sum(i.amount), 0)`},
		{"a row of the ledger is in one payout that is not over", `
			select 'commission ' || commission_id || ' is in ' || count(*) from payout_items where released_at is null
			group by tenant_id, commission_id having count(*) > 1`},
		{"a payout has the partner, currency and amounts of its rows", `
			select 'payout ' || p.id || ', commission ' || m.id from payout_items i
			join payouts p on p.tenant_id = i.tenant_id and p.id = i.payout_id
			join commissions m on m.tenant_id = i.tenant_id and m.id = i.commission_id
			where (p.partner_id, p.currency, i.amount) is distinct from (m.partner_id, m.currency, m.amount)`},
		{"the rows of a payout are paid if it is, and else approved", `
			select 'payout ' || p.id || ' is ' || p.status || ', commission ' || m.id || ' ' || m.status from payout_items i
			join payouts p on p.tenant_id = i.tenant_id and p.id = i.payout_id
			join commissions m on m.tenant_id = i.tenant_id and m.id = i.commission_id
			where i.released_at is null and m.status <> case when p.status = 'paid' then 'paid' else 'approved' end`},
		{"what is paid was paid by a payout", `
			select 'commission ' || m.id from commissions m where m.status = 'paid' and not exists (
				select from payout_items i join payouts p on p.tenant_id = i.tenant_id and p.id = i.payout_id and p.status = 'paid'
				where i.tenant_id = m.tenant_id and i.commission_id = m.id and i.released_at is null)`},
		{"a payout that came to nothing has let its rows go, and no other has", `
			select 'payout ' || p.id || ' is ' || p.status from payout_items i join payouts p on p.tenant_id = i.tenant_id and p.id = i.payout_id
			where (i.released_at is not null) <> (p.status in ('failed', 'cancelled'))`},
		{"the totals of a run are those of its payouts", `
			select 'run ' || id || ' in ' || currency from (
				select r.tenant_id, r.id, t.key as currency, t.value::bigint as amount from payout_runs r cross join jsonb_each_text(r.totals) t
				union all
				select tenant_id, run_id, currency, -amount from payouts) both_sides
			group by tenant_id, id, currency having sum(amount) <> 0`},
	}
}
