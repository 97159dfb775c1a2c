-- +goose Up
-- The Network's hub: a directory of other people's programs. It belongs to no tenant, and the app role
-- has no business here; see docs/adr/0023.
create schema coordinator;
grant usage on schema coordinator to openpartner_system;

create table coordinator.vendors (
    id                  uuid primary key,
    instance_url        text not null,
    display_name        text not null,
    tier                text not null,
    status              text not null,
    callback_key_sealed text,
    contact_email       text not null,
    contact_name        text not null default '',
    version             text not null default '',
    seen_at             timestamptz,
    connected_at        timestamptz,
    suspended_at        timestamptz,
    suspended_reason    text not null default '',
    created_at          timestamptz not null,
    constraint coordinator_vendors_instance_url_key unique (instance_url),
    constraint coordinator_vendors_tier_known check (tier in ('hosted', 'self_hosted')),
    constraint coordinator_vendors_status_known check (status in ('pending', 'active', 'disconnected')),
    constraint coordinator_vendors_active_has_key check (status <> 'active' or callback_key_sealed is not null)
);
comment on table coordinator.vendors is 'Programs that joined, one for each API base. Suspension is the hub''s, status the vendor''s own doing.';
create index coordinator_vendors_by_time on coordinator.vendors (created_at desc, id desc);
grant select, insert, update on coordinator.vendors to openpartner_system;

create table coordinator.connections (
    id                  uuid primary key,
    vendor_id           uuid not null constraint coordinator_connections_vendor_fkey references coordinator.vendors (id),
    display_name        text not null,
    tier                text not null,
    contact_email       text not null,
    contact_name        text not null default '',
    callback_url        text not null,
    callback_key_sealed text not null,
    state               text not null,
    token_hash          text,
    expires_at          timestamptz not null,
    vendor_token_id     uuid,
    exchanged_at        timestamptz,
    created_at          timestamptz not null,
    constraint coordinator_connections_token_hash_key unique (token_hash)
);
comment on table coordinator.connections is 'Sign-ups on their way: nothing of the vendor changes before the mailed token is exchanged.';
create index coordinator_connections_by_vendor on coordinator.connections (vendor_id, created_at);
grant select, insert, update, delete on coordinator.connections to openpartner_system;

create table coordinator.vendor_tokens (
    id         uuid primary key,
    vendor_id  uuid not null constraint coordinator_vendor_tokens_vendor_fkey references coordinator.vendors (id),
    token_hash text not null,
    valid_until timestamptz,
    created_at timestamptz not null,
    constraint coordinator_vendor_tokens_token_hash_key unique (token_hash)
);
comment on table coordinator.vendor_tokens is 'Bearer tokens of vendors, as SHA-256. Of a replaced one it says until when it works.';
create index coordinator_vendor_tokens_by_vendor on coordinator.vendor_tokens (vendor_id);
grant select, insert, update, delete on coordinator.vendor_tokens to openpartner_system;

create table coordinator.creators (
    id              uuid primary key,
    email           text not null,
    name            text not null,
    handle          text not null,
    bio             text not null default '',
    platforms       jsonb not null default '[]',
    last_sign_in_at timestamptz,
    created_at      timestamptz not null,
    constraint coordinator_creators_email_key unique (email),
    constraint coordinator_creators_handle_key unique (handle),
    constraint coordinator_creators_email_form check (email = lower(email) and char_length(email) between 3 and 254)
);
comment on table coordinator.creators is 'People who confirmed their address here. Nobody is in it before.';
create index coordinator_creators_by_time on coordinator.creators (created_at desc, id desc);
grant select, insert, update on coordinator.creators to openpartner_system;

create table coordinator.creator_links (
    id          uuid primary key,
    email       text not null,
    name        text not null default '',
    handle      text not null default '',
    next_path   text not null default '',
    token_hash  text,
    expires_at  timestamptz not null,
    consumed_at timestamptz,
    created_at  timestamptz not null,
    constraint coordinator_creator_links_token_hash_key unique (token_hash)
);
comment on table coordinator.creator_links is 'Asked-for links in mails to creators. With a name and handle it is a sign-up. Only the SHA-256 of the token is kept.';
create index coordinator_creator_links_open on coordinator.creator_links (email) where consumed_at is null;
grant select, insert, update, delete on coordinator.creator_links to openpartner_system;

create table coordinator.creator_sessions (
    token_hash   text primary key,
    data         text not null,
    creator_id   uuid constraint coordinator_creator_sessions_creator_fkey references coordinator.creators (id),
    user_agent   text,
    expires_at   timestamptz not null,
    last_seen_at timestamptz not null,
    revoked_at   timestamptz,
    created_at   timestamptz not null
);
comment on table coordinator.creator_sessions is 'Browser sessions of creators; signed-out rows stay as tombstones until they expire.';
create index coordinator_creator_sessions_by_creator on coordinator.creator_sessions (creator_id) where revoked_at is null;
grant select, insert, update, delete on coordinator.creator_sessions to openpartner_system;

create table coordinator.vendor_partners (
    vendor_id         uuid not null constraint coordinator_vendor_partners_vendor_fkey references coordinator.vendors (id),
    vendor_partner_id text not null,
    record_id         uuid not null,
    creator_id        uuid constraint coordinator_vendor_partners_creator_fkey references coordinator.creators (id),
    sequence          bigint not null,
    status            text not null,
    email             text,
    name              text not null default '',
    profile           jsonb,
    source            text not null default '',
    joined_at         timestamptz,
    revoked_at        timestamptz,
    created_at        timestamptz not null,
    updated_at        timestamptz not null,
    primary key (vendor_id, vendor_partner_id),
    constraint coordinator_vendor_partners_record_id_key unique (record_id),
    constraint coordinator_vendor_partners_status_known check (status in ('pending', 'active', 'revoked'))
);
comment on table coordinator.vendor_partners is 'What each vendor said of each of its partners. Rows of different vendors meet only in a creator who confirmed the address.';
create index coordinator_vendor_partners_by_email on coordinator.vendor_partners (email) where email is not null;
create index coordinator_vendor_partners_by_creator on coordinator.vendor_partners (creator_id) where creator_id is not null;
grant select, insert, update, delete on coordinator.vendor_partners to openpartner_system;

create table coordinator.offerings (
    id                 uuid primary key,
    vendor_id          uuid not null constraint coordinator_offerings_vendor_fkey references coordinator.vendors (id),
    title              text not null,
    description        text not null default '',
    product_url        text not null default '',
    campaign_id        text not null,
    commission_summary text not null default '',
    cookie_window_days integer not null,
    categories         text[] not null default '{}',
    published          boolean not null,
    withheld_at        timestamptz,
    withheld_reason    text not null default '',
    deleted_at         timestamptz,
    created_at         timestamptz not null,
    updated_at         timestamptz not null,
    constraint coordinator_offerings_window_range check (cookie_window_days between 1 and 365)
);
comment on table coordinator.offerings is 'What vendors want promoted. A deleted one stays for the requests that were made for it; a withheld one the hub''s staff took out.';
create index coordinator_offerings_shown on coordinator.offerings (created_at desc, id desc) where published and deleted_at is null and withheld_at is null;
create index coordinator_offerings_by_vendor on coordinator.offerings (vendor_id, created_at desc, id desc);
create index coordinator_offerings_by_category on coordinator.offerings using gin (categories);
grant select, insert, update on coordinator.offerings to openpartner_system;

create table coordinator.requests (
    id                uuid primary key,
    vendor_id         uuid not null constraint coordinator_requests_vendor_fkey references coordinator.vendors (id),
    offering_id       uuid not null constraint coordinator_requests_offering_fkey references coordinator.offerings (id),
    creator_id        uuid not null constraint coordinator_requests_creator_fkey references coordinator.creators (id),
    pitch             text not null,
    preferred_key     text not null default '',
    status            text not null,
    note              text not null default '',
    reason            text not null default '',
    vendor_partner_id text not null default '',
    link_key          text not null default '',
    link_try          integer not null default 0,
    share_url         text not null default '',
    decided_at        timestamptz,
    created_at        timestamptz not null,
    updated_at        timestamptz not null,
    constraint coordinator_requests_status_known check (status in ('pending', 'approving', 'approved', 'rejected', 'failed', 'cancelled')),
    constraint coordinator_requests_approved_has_link check (status <> 'approved' or share_url <> '')
);
comment on table coordinator.requests is 'Creators who want to promote an offering. Partner and link of an approved one are the vendor''s; link_try counts the keys that were taken.';
create unique index coordinator_requests_one_open on coordinator.requests (offering_id, creator_id) where status in ('pending', 'approving');
create index coordinator_requests_by_vendor on coordinator.requests (vendor_id, created_at desc, id desc);
create index coordinator_requests_by_creator on coordinator.requests (creator_id, created_at desc, id desc);
create index coordinator_requests_approving on coordinator.requests (updated_at) where status = 'approving';
grant select, insert, update on coordinator.requests to openpartner_system;

create table coordinator.earnings (
    vendor_id         uuid not null,
    vendor_partner_id text not null,
    figures           jsonb,
    read_at           timestamptz,
    tried_at          timestamptz not null,
    primary key (vendor_id, vendor_partner_id),
    constraint coordinator_earnings_partner_fkey foreign key (vendor_id, vendor_partner_id)
        references coordinator.vendor_partners (vendor_id, vendor_partner_id) on delete cascade
);
comment on table coordinator.earnings is 'What vendors last said a creator earned there, and when. A try that failed leaves the figures.';
grant select, insert, update, delete on coordinator.earnings to openpartner_system;

create table coordinator.idempotency (
    caller       text not null,
    route        text not null,
    key          text not null,
    request_hash text not null,
    status       integer,
    body_sealed  text,
    expires_at   timestamptz not null,
    primary key (caller, route, key)
);
comment on table coordinator.idempotency is 'The first answers to requests that may be repeated, sealed, since some hold a token.';
create index coordinator_idempotency_old on coordinator.idempotency (expires_at);
grant select, insert, update, delete on coordinator.idempotency to openpartner_system;
