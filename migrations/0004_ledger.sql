-- +goose Up
-- The pipeline: click, identity, event, decision, commission.

create table clicks (
    tenant_id     uuid not null references platform.tenants (id),
    id            uuid not null,
    link_id         uuid,
    partner_id      uuid not null,
    campaign_id     uuid not null,
    destination_url text not null,
    ip_hash         text,
    user_agent      text,
    referer         text,
    country         text,
    utm             jsonb not null default '{}',
    sub_ids         jsonb not null default '{}',
    flag            text,
    reviewed_at     timestamptz,
    reviewed_by     uuid,
    occurred_at     timestamptz not null,
    created_at      timestamptz not null,
    constraint clicks_pkey primary key (tenant_id, id),
    constraint clicks_link_fkey foreign key (tenant_id, link_id) references links (tenant_id, id),
    constraint clicks_partner_fkey foreign key (tenant_id, partner_id) references partners (tenant_id, id),
    constraint clicks_campaign_fkey foreign key (tenant_id, campaign_id) references campaigns (tenant_id, id),
    constraint clicks_flag_known check (flag in ('velocity', 'bot', 'revoked', 'manual', 'self_referral'))
);
comment on table clicks is 'One visit through a link each; its id is the cref. Only the flag and its review ever change.';
create index clicks_by_time on clicks (tenant_id, occurred_at desc, id desc);
create index clicks_by_partner_time on clicks (tenant_id, partner_id, occurred_at desc, id desc);
-- A link's clicks in time order.
create index clicks_by_link_time on clicks (tenant_id, link_id, occurred_at desc, id desc);
alter table clicks enable row level security;
alter table clicks force row level security;
create policy tenant_isolation on clicks to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on clicks to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update on clicks to openpartner_app;
grant select, insert, update, delete on clicks to openpartner_system;

create table identities (
    tenant_id     uuid not null references platform.tenants (id),
    id            uuid not null,
    click_id    uuid not null,
    user_id     text not null,
    verified    boolean not null,
    occurred_at timestamptz not null,
    created_at  timestamptz not null,
    constraint identities_pkey primary key (tenant_id, id),
    constraint identities_tenant_id_user_id_click_id_key unique (tenant_id, user_id, click_id),
    constraint identities_click_fkey foreign key (tenant_id, click_id) references clicks (tenant_id, id),
    constraint identities_user_id_length check (char_length(user_id) between 1 and 200)
);
comment on table identities is 'A stitch: this click belongs to that user of the merchant.';
create index identities_by_click on identities (tenant_id, click_id);
alter table identities enable row level security;
alter table identities force row level security;
create policy tenant_isolation on identities to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on identities to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update on identities to openpartner_app;
grant select, insert, update, delete on identities to openpartner_system;

create table events (
    tenant_id     uuid not null references platform.tenants (id),
    id            uuid not null,
    user_id           text not null,
    type              text not null,
    amount            bigint,
    currency          char(3),
    external_id       text,
    source            text not null,
    request_hash      text not null,
    reverses_event_id uuid,
    email_hash        text,
    metadata          jsonb not null default '{}',
    occurred_at       timestamptz not null,
    created_at        timestamptz not null,
    constraint events_pkey primary key (tenant_id, id),
    constraint events_tenant_id_source_extid_key unique (tenant_id, source, external_id),
    constraint events_reverses_fkey foreign key (tenant_id, reverses_event_id) references events (tenant_id, id),
    constraint events_user_id_length check (char_length(user_id) between 1 and 200),
    constraint events_type_length check (char_length(type) between 1 and 80),
    constraint events_external_id_length check (char_length(external_id) between 1 and 200),
    constraint events_amount_range check (amount between 0 and 9007199254740991),
    constraint events_amount_has_currency check (amount is null or currency is not null),
    constraint events_source_known check (source in ('api', 'stripe', 'coupon', 'import')),
    constraint events_metadata_size check (octet_length(metadata::text) <= 16384)
);
comment on table events is 'Something a user of the merchant did. Rows never change.';
create index events_by_time on events (tenant_id, occurred_at desc, id desc);
-- All events of a user in the order in which they are decided.
create index events_by_user on events (tenant_id, user_id, occurred_at, id);
create index events_by_type on events (tenant_id, type, occurred_at desc, id desc);
alter table events enable row level security;
alter table events force row level security;
create policy tenant_isolation on events to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on events to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert on events to openpartner_app;
grant select, insert, update, delete on events to openpartner_system;

create table decisions (
    tenant_id        uuid not null references platform.tenants (id),
    event_id         uuid not null,
    status           text not null,
    reason           text,
    campaign_id      uuid,
    campaign_version integer,
    model            text,
    locked           boolean not null default false,
    binding_event_id uuid,
    trace            jsonb not null default '{}',
    decided_at       timestamptz not null,
    created_at       timestamptz not null,
    constraint decisions_pkey primary key (tenant_id, event_id),
    constraint decisions_event_fkey foreign key (tenant_id, event_id) references events (tenant_id, id),
    constraint decisions_binding_fkey foreign key (tenant_id, binding_event_id) references events (tenant_id, id),
    constraint decisions_campaign_fkey foreign key (tenant_id, campaign_id) references campaigns (tenant_id, id),
    constraint decisions_status_known check (status in ('recorded', 'unknown_user', 'flagged', 'self_referral', 'no_touch', 'outside_window', 'attributed'))
);
comment on table decisions is 'Who earns from an event and why: the one live decision. A view over facts, so it may be made again.';
alter table decisions enable row level security;
alter table decisions force row level security;
create policy tenant_isolation on decisions to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on decisions to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update, delete on decisions to openpartner_app;
grant select, insert, update, delete on decisions to openpartner_system;

create table attributions (
    tenant_id   uuid not null references platform.tenants (id),
    event_id    uuid not null,
    partner_id  uuid not null,
    click_id    uuid not null,
    campaign_id uuid not null,
    weight_num  bigint not null,
    weight_den  bigint not null,
    position    integer not null,
    created_at  timestamptz not null,
    constraint attributions_pkey primary key (tenant_id, event_id, partner_id),
    constraint attributions_decision_fkey foreign key (tenant_id, event_id) references decisions (tenant_id, event_id) on delete cascade,
    constraint attributions_partner_fkey foreign key (tenant_id, partner_id) references partners (tenant_id, id),
    constraint attributions_click_fkey foreign key (tenant_id, click_id) references clicks (tenant_id, id),
    constraint attributions_campaign_fkey foreign key (tenant_id, campaign_id) references campaigns (tenant_id, id),
    constraint attributions_weight_proper check (weight_num between 1 and weight_den)
);
comment on table attributions is 'The shares of a decision, one per partner, as exact fractions.';
create index attributions_by_partner on attributions (tenant_id, partner_id, event_id);
alter table attributions enable row level security;
alter table attributions force row level security;
create policy tenant_isolation on attributions to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on attributions to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update, delete on attributions to openpartner_app;
grant select, insert, update, delete on attributions to openpartner_system;

create table commissions (
    tenant_id     uuid not null references platform.tenants (id),
    id            uuid not null,
    event_id        uuid,
    partner_id      uuid not null,
    campaign_id     uuid,
    rule_id         uuid,
    click_id        uuid,
    kind            text not null,
    base_amount     bigint,
    base_currency   char(3),
    rate_ppm        bigint,
    weight_num      bigint,
    weight_den      bigint,
    amount          bigint not null,
    currency        char(3) not null,
    status          text not null,
    matures_at      timestamptz not null,
    approved_at     timestamptz,
    approved_by     uuid,
    held_reason     text,
    reversed_reason text,
    reversed_by     uuid,
    paid_at         timestamptz,
    note            text,
    created_at      timestamptz not null,
    constraint commissions_pkey primary key (tenant_id, id),
    constraint commissions_event_fkey foreign key (tenant_id, event_id) references events (tenant_id, id),
    constraint commissions_partner_fkey foreign key (tenant_id, partner_id) references partners (tenant_id, id),
    constraint commissions_campaign_fkey foreign key (tenant_id, campaign_id) references campaigns (tenant_id, id),
    constraint commissions_rule_fkey foreign key (tenant_id, rule_id) references commission_rules (tenant_id, id),
    constraint commissions_kind_known check (kind in ('earned', 'reversal', 'adjustment', 'bonus')),
    constraint commissions_status_known check (status in ('pending', 'approved', 'held', 'paid', 'reversed')),
    constraint commissions_amount_not_zero check (amount <> 0 and amount between -9007199254740991 and 9007199254740991),
    constraint commissions_held_has_reason check ((status = 'held') = (held_reason is not null)),
    constraint commissions_held_reason_known check (held_reason in ('dispute', 'partner_revoked', 'fraud')),
    constraint commissions_reversed_has_reason check ((status = 'reversed') = (reversed_reason is not null)),
    constraint commissions_reversed_reason_known check (reversed_reason in ('superseded', 'refund', 'dispute', 'rejected', 'fraud')),
    constraint commissions_note_length check (char_length(note) <= 1000)
);
comment on table commissions is 'The ledger. Amount, currency and owner of a row never change and no row is deleted: a correction is a row of its own.';
-- One live sale per key; a correction is a reversal or an adjustment.
create unique index commissions_one_live_earned on commissions (tenant_id, event_id, partner_id, campaign_id, rule_id)
    where kind = 'earned' and status <> 'reversed';
create index commissions_by_time on commissions (tenant_id, created_at desc, id desc);
create index commissions_by_status on commissions (tenant_id, status, created_at desc, id desc);
create index commissions_by_partner on commissions (tenant_id, partner_id, created_at desc, id desc);
create index commissions_by_event on commissions (tenant_id, event_id);
alter table commissions enable row level security;
alter table commissions force row level security;
create policy tenant_isolation on commissions to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on commissions to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update on commissions to openpartner_app;
grant select, insert, update on commissions to openpartner_system;

-- +goose StatementBegin
create function platform.guard_commission() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        raise exception 'commissions are never deleted' using errcode = 'integrity_constraint_violation';
    end if;
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
    return new;
end $$;
-- +goose StatementEnd

create trigger commissions_guard before update or delete on commissions
    for each row execute function platform.guard_commission();
