-- +goose Up
-- Payouts: what partners are paid with approved rows of the ledger. Planning freezes the rows; only
-- then is anything sent.

alter table partners
    add column stripe_account_id text,
    add column stripe_payouts_enabled boolean not null default false,
    add column stripe_account_changed_at timestamptz,
    add column payout_details_ciphertext text,
    add column payout_details_changed_at timestamptz;
-- What Stripe tells of an account, by the account.
create index partners_by_stripe_account on partners (tenant_id, stripe_account_id) where stripe_account_id is not null;

create table payout_runs (
    tenant_id  uuid not null references platform.tenants (id),
    id         uuid not null,
    started_by uuid,
    period     date,
    cut_off    timestamptz not null,
    totals     jsonb not null default '{}',
    skipped    jsonb not null default '[]',
    created_at timestamptz not null,
    constraint payout_runs_pkey primary key (tenant_id, id),
    constraint payout_runs_tenant_id_period_key unique (tenant_id, period),
    constraint payout_runs_clock_or_person check (period is null or started_by is null)
);
comment on table payout_runs is 'Payouts that were planned together: by a person, or by the clock, whose periods are paid once. Totals and who was left out, and why, are as they were then.';
create index payout_runs_by_time on payout_runs (tenant_id, created_at desc, id desc);
alter table payout_runs enable row level security;
alter table payout_runs force row level security;
create policy tenant_isolation on payout_runs to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on payout_runs to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert on payout_runs to openpartner_app;
grant select, insert, update, delete on payout_runs to openpartner_system;

create table payouts (
    tenant_id           uuid not null references platform.tenants (id),
    id                  uuid not null,
    partner_id          uuid not null,
    run_id              uuid not null,
    currency            char(3) not null,
    amount              bigint not null,
    rail                text not null,
    status              text not null default 'pending',
    destination_account text,
    paying_account      text,
    generation          integer not null default 0,
    stripe_transfer_id  text,
    attempts            integer not null default 0,
    posted_at           timestamptz,
    completed_at        timestamptz,
    failure_code        text,
    last_error          text,
    reference           text,
    created_at          timestamptz not null,
    constraint payouts_pkey primary key (tenant_id, id),
    constraint payouts_partner_fkey foreign key (tenant_id, partner_id) references partners (tenant_id, id),
    constraint payouts_run_fkey foreign key (tenant_id, run_id) references payout_runs (tenant_id, id),
    constraint payouts_amount_range check (amount between 1 and 9007199254740991),
    constraint payouts_rail_known check (rail in ('stripe_connect', 'manual')),
    constraint payouts_status_known check (status in ('pending', 'processing', 'paid', 'failed', 'cancelled', 'needs_review')),
    constraint payouts_completed check ((completed_at is not null) = (status in ('paid', 'failed', 'cancelled'))),
    constraint payouts_sent_somewhere check (rail <> 'stripe_connect' or status not in ('processing', 'paid') or destination_account is not null),
    constraint payouts_manual_is_by_hand check (rail <> 'manual' or status in ('pending', 'paid', 'cancelled')),
    constraint payouts_counts check (generation >= 0 and attempts >= 0),
    constraint payouts_reference_length check (char_length(reference) between 1 and 200)
);
comment on table payouts is 'An amount for one partner in one currency. Pending is an intent, processing was sent, paid is confirmed. Amount, currency, partner and rail never change.';
create index payouts_by_time on payouts (tenant_id, created_at desc, id desc);
create index payouts_by_status on payouts (tenant_id, status, created_at desc, id desc);
create index payouts_by_partner on payouts (tenant_id, partner_id, created_at desc, id desc);
create index payouts_by_run on payouts (tenant_id, run_id, id);
-- A transfer confirms one payout.
create unique index payouts_one_per_transfer on payouts (tenant_id, stripe_transfer_id) where stripe_transfer_id is not null;
alter table payouts enable row level security;
alter table payouts force row level security;
create policy tenant_isolation on payouts to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on payouts to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update on payouts to openpartner_app;
grant select, insert, update, delete on payouts to openpartner_system;

create table payout_items (
    tenant_id     uuid not null references platform.tenants (id),
    payout_id     uuid not null,
    commission_id uuid not null,
    amount        bigint not null,
    released_at   timestamptz,
    created_at    timestamptz not null,
    constraint payout_items_pkey primary key (tenant_id, payout_id, commission_id),
    constraint payout_items_payout_fkey foreign key (tenant_id, payout_id) references payouts (tenant_id, id),
    constraint payout_items_commission_fkey foreign key (tenant_id, commission_id) references commissions (tenant_id, id)
);
comment on table payout_items is 'The rows of the ledger that a payout pays, frozen when it was planned. They are released when it is cancelled or fails.';
-- A row is paid once: while it is in a payout, no other takes it.
create unique index payout_items_one_live on payout_items (tenant_id, commission_id) where released_at is null;
alter table payout_items enable row level security;
alter table payout_items force row level security;
create policy tenant_isolation on payout_items to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on payout_items to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update on payout_items to openpartner_app;
grant select, insert, update, delete on payout_items to openpartner_system;

-- +goose StatementBegin
create function platform.guard_payout() returns trigger language plpgsql as $$
begin
    if (new.tenant_id, new.id, new.partner_id, new.run_id, new.currency, new.amount, new.rail, new.created_at)
        is distinct from (old.tenant_id, old.id, old.partner_id, old.run_id, old.currency, old.amount, old.rail, old.created_at)
    then
        raise exception 'the amount, currency, partner, rail and run of a payout never change'
            using errcode = 'integrity_constraint_violation';
    end if;
    if new.status is distinct from old.status and not (
        (old.status = 'pending' and new.status in ('cancelled', 'failed'))
        or (old.status = 'pending' and new.rail = 'stripe_connect' and new.status = 'processing')
        or (old.status = 'pending' and new.rail = 'manual' and new.status = 'paid')
        or (old.status = 'processing' and new.status in ('paid', 'failed', 'needs_review'))
        or (old.status = 'needs_review' and new.status in ('paid', 'pending')))
    then
        raise exception 'a payout can''t go from % to %', old.status, new.status
            using errcode = 'integrity_constraint_violation';
    end if;
    -- Another generation is sent under another key, so it takes a person who has looked.
    if new.generation <> old.generation + (old.status = 'needs_review' and new.status = 'pending')::int then
        raise exception 'a payout of status % does not begin generation %', old.status, new.generation
            using errcode = 'integrity_constraint_violation';
    end if;
    if (new.destination_account, new.paying_account) is distinct from (old.destination_account, old.paying_account)
        and old.status <> 'pending' and new.status <> 'pending'
    then
        raise exception 'a payout that was sent does not change whence and where it goes'
            using errcode = 'integrity_constraint_violation';
    end if;
    if old.stripe_transfer_id is distinct from new.stripe_transfer_id and old.stripe_transfer_id is not null and new.generation = old.generation then
        raise exception 'a payout keeps its transfer' using errcode = 'integrity_constraint_violation';
    end if;
    if new.status in ('cancelled', 'failed') and exists (
        select from payout_items i where i.tenant_id = new.tenant_id and i.payout_id = new.id and i.released_at is null)
    then
        raise exception 'a payout that is % keeps no rows', new.status using errcode = 'integrity_constraint_violation';
    end if;
    if new.status = 'paid' and old.status <> 'paid' and new.amount is distinct from (
        select sum(i.amount) from payout_items i join commissions m on m.tenant_id = i.tenant_id and m.id = i.commission_id
        where i.tenant_id = new.tenant_id and i.payout_id = new.id and i.released_at is null and m.status = 'paid')
    then
        raise exception 'a payout is paid with all of its rows' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;

create function platform.guard_payout_item() returns trigger language plpgsql as $$
declare
    p record;
    m record;
begin
    if tg_op = 'UPDATE' then
        if (new.tenant_id, new.payout_id, new.commission_id, new.amount, new.created_at)
            is distinct from (old.tenant_id, old.payout_id, old.commission_id, old.amount, old.created_at)
        then
            raise exception 'the rows of a payout never change' using errcode = 'integrity_constraint_violation';
        end if;
        if old.released_at is not null and new.released_at is distinct from old.released_at then
            raise exception 'a row is released from a payout once' using errcode = 'integrity_constraint_violation';
        end if;
        if old.released_at is null and new.released_at is not null and exists (
            select from payouts where tenant_id = new.tenant_id and id = new.payout_id and status = 'paid')
        then
            raise exception 'a paid payout keeps its rows' using errcode = 'integrity_constraint_violation';
        end if;
        return new;
    end if;
    select status, partner_id, currency into p from payouts where tenant_id = new.tenant_id and id = new.payout_id;
    select status, partner_id, currency, amount into m from commissions where tenant_id = new.tenant_id and id = new.commission_id;
    -- Where either is missing, the foreign key says so.
    if (m.partner_id, m.currency, m.amount) is distinct from (p.partner_id, p.currency, new.amount) and m.status is not null and p.status is not null then
        raise exception 'a payout takes rows of its partner and currency, as they are' using errcode = 'integrity_constraint_violation';
    end if;
    if new.released_at is null and (p.status in ('cancelled', 'failed') or m.status <> case p.status when 'paid' then 'paid' else 'approved' end) then
        raise exception 'a payout that is % takes no row that is %', p.status, m.status using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;

-- As before, and a row in a live payout leaves it as paid or not at all. The look comes after the
-- row is locked, so it sees the payout of whoever had it before.
create or replace function platform.guard_commission() returns trigger language plpgsql as $$
begin
    if (new.tenant_id, new.id, new.partner_id, new.amount, new.currency, new.kind)
        is distinct from (old.tenant_id, old.id, old.partner_id, old.amount, old.currency, old.kind)
        or (new.event_id, new.campaign_id, new.rule_id, new.base_amount, new.base_currency, new.rate_ppm, new.weight_num, new.weight_den)
        is distinct from (old.event_id, old.campaign_id, old.rule_id, old.base_amount, old.base_currency, old.rate_ppm, old.weight_num, old.weight_den)
    then
        raise exception 'the amount, currency, owner and origin of a commission never change'
            using errcode = 'integrity_constraint_violation';
    end if;
    if new.status is distinct from old.status and not (
        (old.status = 'pending' and new.status in ('approved', 'held', 'reversed'))
        or (old.status = 'held' and new.status in ('pending', 'approved', 'reversed'))
        or (old.status = 'approved' and new.status in ('paid', 'held', 'reversed')))
    then
        raise exception 'a commission can''t go from % to %', old.status, new.status
            using errcode = 'integrity_constraint_violation';
    end if;
    if old.status = 'approved' and new.status in ('held', 'reversed') and exists (
        select from payout_items i where i.tenant_id = new.tenant_id and i.commission_id = new.id and i.released_at is null)
    then
        raise exception 'a commission in a payout can''t become %', new.status
            using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;
-- +goose StatementEnd

create trigger payouts_guard before update on payouts
    for each row execute function platform.guard_payout();
create trigger payouts_stay before delete on payouts
    for each row execute function platform.guard_deletion();
create trigger payout_items_guard before insert or update on payout_items
    for each row execute function platform.guard_payout_item();
create trigger payout_items_stay before delete on payout_items
    for each row execute function platform.guard_deletion();
