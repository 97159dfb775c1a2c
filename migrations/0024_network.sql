-- +goose Up
-- The vendor's side of the Network: a program's membership, what is to be told of its partners,
-- and the requests of creators that its admins approved.

alter table partners
    add column network_creator_id text,
    add column network_pre_existing boolean,
    add column network_synced_at timestamptz;

create table network_memberships (
    tenant_id          uuid not null references platform.tenants (id),
    state              text not null default 'none',
    url                text not null default '',
    vendor_id          text,
    token_ciphertext   text,
    callback_key_id    uuid,
    display_name       text,
    contact_email      text,
    contact_name       text,
    auto_enroll        boolean not null default true,
    pending_state_hash text,
    pending_vendor_id  text,
    pending_key_id     uuid,
    pending_until      timestamptz,
    last_error         text,
    backfill_job_id    uuid,
    connected_at       timestamptz,
    heartbeat_at       timestamptz,
    updated_at         timestamptz not null default now(),
    constraint network_memberships_pkey primary key (tenant_id),
    constraint network_memberships_callback_key_fkey foreign key (tenant_id, callback_key_id) references api_keys (tenant_id, id),
    constraint network_memberships_pending_key_fkey foreign key (tenant_id, pending_key_id) references api_keys (tenant_id, id),
    constraint network_memberships_state_known check (state in ('none', 'connecting', 'connected', 'paused', 'failed', 'disconnected')),
    constraint network_memberships_connected_has_token check (state not in ('connected', 'paused') or (token_ciphertext is not null and vendor_id is not null))
);
comment on table network_memberships is 'Whether and how a program belongs to the Network. The token is sealed, of the mailed state only the hash is kept.';
alter table network_memberships enable row level security;
alter table network_memberships force row level security;
create policy tenant_isolation on network_memberships to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on network_memberships to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update on network_memberships to openpartner_app;
grant select, insert, update, delete on network_memberships to openpartner_system;

create table network_outbox (
    tenant_id       uuid not null references platform.tenants (id),
    id              uuid not null,
    partner_id      uuid not null,
    op              text not null,
    source          text,
    sequence        bigint not null,
    status          text not null default 'pending',
    attempts        integer not null default 0,
    next_attempt_at timestamptz not null,
    last_attempt_at timestamptz,
    last_error      text,
    created_at      timestamptz not null,
    constraint network_outbox_pkey primary key (tenant_id, id),
    constraint network_outbox_tenant_id_partner_id_key unique (tenant_id, partner_id),
    constraint network_outbox_partner_fkey foreign key (tenant_id, partner_id) references partners (tenant_id, id),
    constraint network_outbox_op_known check (op in ('partner_upsert', 'partner_revoke')),
    constraint network_outbox_status_known check (status in ('pending', 'dead'))
);
comment on table network_outbox is 'What the Network is still to be told of a partner: one row each, its message made when it is sent.';
create index network_outbox_due on network_outbox (tenant_id, next_attempt_at) where status = 'pending';
create index network_outbox_by_time on network_outbox (tenant_id, created_at desc, id desc);
alter table network_outbox enable row level security;
alter table network_outbox force row level security;
create policy tenant_isolation on network_outbox to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on network_outbox to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update, delete on network_outbox to openpartner_app, openpartner_system;

create table network_approvals (
    tenant_id     uuid not null references platform.tenants (id),
    request_id    text not null,
    offering_id   text not null,
    campaign_id   uuid not null,
    creator_email text,
    status        text not null default 'approving',
    partner_id    uuid,
    link_id       uuid,
    created_at    timestamptz not null,
    constraint network_approvals_pkey primary key (tenant_id, request_id),
    constraint network_approvals_campaign_fkey foreign key (tenant_id, campaign_id) references campaigns (tenant_id, id),
    constraint network_approvals_partner_fkey foreign key (tenant_id, partner_id) references partners (tenant_id, id),
    constraint network_approvals_link_fkey foreign key (tenant_id, link_id) references links (tenant_id, id),
    constraint network_approvals_request_length check (char_length(request_id) between 1 and 100),
    constraint network_approvals_status_known check (status in ('approving', 'approved'))
);
comment on table network_approvals is 'Requests of creators that an admin approved: what the Network''s key may make.';
create index network_approvals_by_partner on network_approvals (tenant_id, partner_id) where partner_id is not null;
alter table network_approvals enable row level security;
alter table network_approvals force row level security;
create policy tenant_isolation on network_approvals to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on network_approvals to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update, delete on network_approvals to openpartner_app, openpartner_system;

-- A key of the Network's hub: its scopes, and of the rows only what an approval or the Network
-- itself names. Nobody makes one by hand.
alter table api_keys drop constraint api_keys_kind_known;
alter table api_keys add constraint api_keys_kind_known check (kind in ('admin', 'partner', 'scoped', 'network')) not valid;
alter table api_keys validate constraint api_keys_kind_known;
