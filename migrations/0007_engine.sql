-- +goose Up
-- The rest of the pipeline: business time on ledger rows, the rollup of money, coupons, results of jobs.

-- The business time of a ledger row: that of its event, or of the person who wrote it by hand.
alter table commissions add column occurred_at timestamptz;
update commissions m set occurred_at = coalesce(
    (select e.occurred_at from events e where e.tenant_id = m.tenant_id and e.id = m.event_id), m.created_at);
alter table commissions alter column occurred_at set not null;
-- Reports and bulk work by business time.
create index commissions_by_occurrence on commissions (tenant_id, occurred_at, id);
-- The approval of what has matured.
create index commissions_by_maturity on commissions (tenant_id, matures_at) where status = 'pending';
-- The release of a partner's held rows, and balances.
create index commissions_by_partner_status on commissions (tenant_id, partner_id, status);

create table daily_money (
    tenant_id   uuid not null references platform.tenants (id),
    partner_id  uuid not null,
    campaign_id uuid not null,
    day         date not null,
    currency    text not null,
    slot        smallint not null,
    leads       bigint not null default 0,
    conversions bigint not null default 0,
    revenue     bigint not null default 0,
    pending     bigint not null default 0,
    held        bigint not null default 0,
    approved    bigint not null default 0,
    paid        bigint not null default 0,
    constraint daily_money_pkey primary key (tenant_id, partner_id, campaign_id, day, currency, slot),
    constraint daily_money_currency_form check (currency = '' or currency ~ '^[A-Z]{3}$')
) with (fillfactor = 70);
comment on table daily_money is 'Figures by UTC day, kept at three levels: a partner in a campaign, a campaign (partner 0) and the program (both 0), so that an event shared by several partners counts once at each. Slots spread the writers over several rows; readers add them up. Leads have the currency ''''.';
-- All partners of some days.
create index daily_money_by_day on daily_money (tenant_id, day);
alter table daily_money enable row level security;
alter table daily_money force row level security;
create policy tenant_isolation on daily_money to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on daily_money to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update, delete on daily_money to openpartner_app, openpartner_system;

create table coupons (
    tenant_id   uuid not null references platform.tenants (id),
    id          uuid not null,
    code        text not null,
    code_norm   text not null,
    partner_id  uuid not null,
    campaign_id uuid not null,
    active      boolean not null default true,
    created_at  timestamptz not null,
    constraint coupons_pkey primary key (tenant_id, id),
    constraint coupons_tenant_id_code_norm_key unique (tenant_id, code_norm),
    constraint coupons_partner_fkey foreign key (tenant_id, partner_id) references partners (tenant_id, id),
    constraint coupons_campaign_fkey foreign key (tenant_id, campaign_id) references campaigns (tenant_id, id),
    constraint coupons_code_form check (code ~ '^[A-Za-z0-9_-]{3,64}$' and code_norm = lower(code))
);
comment on table coupons is 'A code at the checkout that stands for a visit through a partner. Codes are compared without case, by code_norm.';
create index coupons_by_time on coupons (tenant_id, created_at desc, id desc);
create index coupons_by_partner on coupons (tenant_id, partner_id);
alter table coupons enable row level security;
alter table coupons force row level security;
create policy tenant_isolation on coupons to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on coupons to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update on coupons to openpartner_app;
grant select, insert, update, delete on coupons to openpartner_system;

-- What a job found out, for whoever asked for it.
alter table platform.jobs add column result jsonb;
