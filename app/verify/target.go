package verify

// target computes, for each key of the ledger, what the rules say it should amount to (targets)
// and what it does (nets).
//
// The weights of an event have denominators that all divide the largest, so that as whole
// numbers over it they are exact. numeric rounds half away from zero, as the rules do.
const target = `
with sales as (
	select e.tenant_id, e.id, e.user_id, e.type, e.occurred_at, e.amount, e.currency, coalesce(refunds.sum, 0) as refunded,
		refunds.count > 0 as any_refund, word.type = 'dispute_lost' as lost, word.amount as lost_part
	from events e
	join decisions d on d.tenant_id = e.tenant_id and d.event_id = e.id and d.status = 'attributed' and d.reason is null
	left join lateral (select sum(r.amount), count(*) from events r
		where r.tenant_id = e.tenant_id and r.reverses_event_id = e.id and r.type = 'refund') refunds on true
	left join lateral (select r.type, r.amount from events r
		where r.tenant_id = e.tenant_id and r.reverses_event_id = e.id and r.type in ('dispute', 'dispute_won', 'dispute_lost')
		order by r.occurred_at desc, r.id desc limit 1) word on true
),
stays as (
	select *, case when coalesce(amount, 0) = 0 then 1 else amount end as paid,
		case when lost and lost_part is null then 0
			when coalesce(amount, 0) = 0 then case when any_refund or (lost and lost_part > 0) then 0 else 1 end
			else greatest(0, amount - refunded - case when lost then lost_part else 0 end) end as remaining
	from sales
),
shares as (
	select s.*, a.partner_id, a.campaign_id, a.position, a.weight_num * (max(a.weight_den) over event / a.weight_den) as weight,
		max(a.weight_den) over event as whole_weight
	from stays s join attributions a on a.tenant_id = s.tenant_id and a.event_id = s.id
	window event as (partition by s.tenant_id, s.id)
),
past as (
	select a.tenant_id, a.partner_id, e.user_id, e.id, e.type, e.amount, e.occurred_at
	from attributions a join events e on e.tenant_id = a.tenant_id and e.id = a.event_id
),
claims as (
	select s.*, r.id as rule_id, case when r.kind = 'percent' then s.currency else r.currency end as paid_currency,
		case when r.kind = 'percent' then round(s.amount::numeric * r.rate_ppm / 1000000) else r.amount::numeric end as rule_whole
	from shares s join commission_rules r on r.tenant_id = s.tenant_id and r.campaign_id = s.campaign_id
		and r.active_from <= s.occurred_at and (r.active_to is null or r.active_to > s.occurred_at)
	where (r.partner_id = s.partner_id or (r.partner_id is null and not exists (
			select from commission_rules o where o.tenant_id = s.tenant_id and o.campaign_id = s.campaign_id and o.partner_id = s.partner_id
				and o.active_from <= s.occurred_at and (o.active_to is null or o.active_to > s.occurred_at))))
		and (r.event_type is null or r.event_type = s.type)
		and (r.kind = 'fixed' or s.amount > 0)
		and (r.trigger = 'every' or (r.trigger = 'subsequent') = exists (
			select from past p where p.tenant_id = s.tenant_id and p.partner_id = s.partner_id and p.user_id = s.user_id and p.type = s.type
				and (p.occurred_at, p.id) < (s.occurred_at, s.id)))
		and (r.duration_months is null or not exists (
			select from (select p.occurred_at as at from past p where p.tenant_id = s.tenant_id and p.partner_id = s.partner_id and p.user_id = s.user_id
					and (p.occurred_at, p.id) < (s.occurred_at, s.id) and (r.event_type is null or r.event_type = p.type)
					and (r.kind = 'fixed' or p.amount > 0)
				order by p.occurred_at, p.id limit 1) anchor
			where s.occurred_at at time zone 'UTC' >= anchor.at at time zone 'UTC' + make_interval(months => r.duration_months)))
),
pools as (
	select *, sum(weight) over rule as weights,
		round(round(rule_whole * remaining / paid) * sum(weight) over rule / whole_weight) as pool
	from claims window rule as (partition by tenant_id, id, rule_id)
),
floors as (
	select *, div(pool * weight, weights) as least, mod(pool * weight, weights) as rest from pools
),
targets as (
	select tenant_id, id as event_id, partner_id, campaign_id, rule_id, paid_currency as currency,
		least + case when row_number() over (partition by tenant_id, id, rule_id order by rest desc, position)
			<= pool - sum(least) over (partition by tenant_id, id, rule_id) then 1 else 0 end as target
	from floors
),
nets as (
	select tenant_id, event_id, partner_id, campaign_id, rule_id, currency, sum(amount) filter (where status <> 'reversed') as net,
		bool_or(status = 'reversed' and reversed_reason = 'rejected') as pinned
	from commissions where event_id is not null group by 1, 2, 3, 4, 5, 6
)`

// facts of the days, as rows of daily_money should be: at the three levels.
const moneyOfDays = `
with counted as (
	select e.tenant_id, e.id, (e.occurred_at at time zone 'UTC')::date as day, case when e.amount is null then '' else e.currency::text end as currency,
		e.amount, (e.amount is null)::int as lead, (e.amount is not null)::int as conversion
	from events e join decisions d on d.tenant_id = e.tenant_id and d.event_id = e.id and d.status = 'attributed'
),
moved as (
	select tenant_id, id, day, currency, lead, conversion, coalesce(amount, 0) as revenue from counted
	union all
	select c.tenant_id, c.id, (r.occurred_at at time zone 'UTC')::date, c.currency, 0, 0,
		least(c.amount, sum(r.amount) over so_far - r.amount) - least(c.amount, sum(r.amount) over so_far)
	from counted c join events r on r.tenant_id = c.tenant_id and r.reverses_event_id = c.id and r.type = 'refund' and r.amount is not null
	where c.amount is not null
	window so_far as (partition by r.tenant_id, r.reverses_event_id order by r.occurred_at, r.id)
),
shared as (
	select m.*, a.partner_id, a.campaign_id, a.position, abs(m.revenue) * a.weight_num * (w.den / a.weight_den) as part, w.den
	from moved m join attributions a on a.tenant_id = m.tenant_id and a.event_id = m.id
	join lateral (select max(weight_den) as den from attributions b where b.tenant_id = a.tenant_id and b.event_id = a.event_id) w on true
),
split as (
	select *, div(part::numeric, den::numeric) as least, mod(part::numeric, den::numeric) as rest,
		row_number() over (partition by tenant_id, id, day, revenue, lead, conversion order by mod(part::numeric, den::numeric) desc, position) as turn,
		sum(div(part::numeric, den::numeric)) over (partition by tenant_id, id, day, revenue, lead, conversion) as least_sum
	from shared
),
parts as (
	select tenant_id, id, partner_id, campaign_id, day, currency, lead, conversion,
		sign(revenue) * (least + case when turn <= abs(revenue) - least_sum then 1 else 0 end) as revenue
	from split
),
due as (
	select tenant_id, partner_id, campaign_id, day, currency, sum(lead) as leads, sum(conversion) as conversions, sum(revenue) as revenue, 0::numeric as pending, 0::numeric as held, 0::numeric as approved, 0::numeric as paid
	from parts group by 1, 2, 3, 4, 5
	union all
	select tenant_id, '00000000-0000-0000-0000-000000000000', campaign_id, day, currency, max(lead), max(conversion), sum(revenue), 0, 0, 0, 0
	from parts group by tenant_id, campaign_id, day, currency, id
	union all
	select tenant_id, '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000', day, currency, lead, conversion, revenue, 0, 0, 0, 0
	from moved
	union all
	select m.tenant_id, level.partner_id, level.campaign_id, (m.occurred_at at time zone 'UTC')::date, m.currency::text, 0, 0, 0,
		sum(amount) filter (where status = 'pending'), sum(amount) filter (where status = 'held'),
		sum(amount) filter (where status = 'approved'), sum(amount) filter (where status = 'paid')
	from commissions m cross join lateral (
		select m.partner_id, coalesce(m.campaign_id, '00000000-0000-0000-0000-000000000000') as campaign_id
		union all
		select '00000000-0000-0000-0000-000000000000', m.campaign_id where m.campaign_id is not null
		union all
		select '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000') level
	group by 1, 2, 3, 4, 5
),
written as (
	select tenant_id, partner_id, campaign_id, day, currency, -leads, -conversions, -revenue, -pending, -held, -approved, -paid from daily_money
),
balance as (
	select tenant_id, partner_id, campaign_id, day, currency, sum(leads) as leads, sum(conversions) as conversions, sum(revenue) as revenue,
		sum(coalesce(pending, 0)) as pending, sum(coalesce(held, 0)) as held, sum(coalesce(approved, 0)) as approved, sum(coalesce(paid, 0)) as paid
	from (select * from due union all select * from written) both_sides group by 1, 2, 3, 4, 5
)
select 'day ' || day || ', partner ' || partner_id || ', campaign ' || campaign_id || ', currency ' || currency || ' lacks leads ' || leads
	|| ', conversions ' || conversions || ', revenue ' || revenue || ', pending ' || pending || ', held ' || held || ', approved ' || approved || ', paid ' || paid
from balance where (leads, conversions, revenue, pending, held, approved, paid) <> (0, 0, 0, 0, 0, 0, 0)`

const clicksOfDays = `
select 'day ' || day || ', partner ' || partner_id || ', campaign ' || campaign_id || ' lacks clicks ' || sum(clicks) || ', flagged ' || sum(flagged)
from (
	select tenant_id, (occurred_at at time zone 'UTC')::date as day, partner_id, campaign_id, link_id,
		count(*) filter (where flag is null) as clicks, count(flag) as flagged
	from clicks group by 1, 2, 3, 4, 5
	union all
	select tenant_id, day, partner_id, campaign_id, link_id, -clicks, -flagged from daily_clicks
) both_sides
group by tenant_id, day, partner_id, campaign_id, link_id having sum(clicks) <> 0 or sum(flagged) <> 0`
