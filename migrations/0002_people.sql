-- +goose Up
-- The people of a program, and how they come in.

create table admins (
    tenant_id     uuid not null references platform.tenants (id),
    id            uuid not null,
    email           text not null,
    name            text not null,
    role            text not null,
    activated_at    timestamptz,
    revoked_at      timestamptz,
    revoke_reason   text,
    last_sign_in_at timestamptz,
    created_at      timestamptz not null,
    constraint admins_pkey primary key (tenant_id, id),
    constraint admins_tenant_id_email_key unique (tenant_id, email),
    constraint admins_email_form check (email = lower(email) and char_length(email) between 3 and 254),
    constraint admins_name_length check (char_length(name) between 1 and 120),
    constraint admins_role_known check (role in ('admin', 'viewer'))
);
comment on table admins is 'People who run a program.';
create index admins_by_time on admins (tenant_id, created_at desc, id desc);
alter table admins enable row level security;
alter table admins force row level security;
create policy tenant_isolation on admins to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on admins to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update on admins to openpartner_app;
grant select, insert, update, delete on admins to openpartner_system;

create table partners (
    tenant_id     uuid not null references platform.tenants (id),
    id            uuid not null,
    email            text not null,
    name             text not null,
    name_norm        text not null,
    status           text not null,
    source           text not null,
    company          text,
    website          text,
    country          text,
    bio              text,
    platforms        jsonb not null default '[]',
    answers          jsonb not null default '{}',
    terms_version    text,
    network_sequence bigint not null default 0,
    activated_at     timestamptz,
    revoked_at       timestamptz,
    revoke_reason    text,
    created_at       timestamptz not null,
    constraint partners_pkey primary key (tenant_id, id),
    constraint partners_tenant_id_email_key unique (tenant_id, email),
    constraint partners_email_form check (email = lower(email) and char_length(email) between 3 and 254),
    constraint partners_name_length check (char_length(name) between 1 and 120),
    constraint partners_status_known check (status in ('unverified', 'invited', 'pending_review', 'active', 'revoked', 'declined')),
    constraint partners_source_known check (source in ('admin', 'self_signup', 'network', 'import')),
    constraint partners_texts_length check (char_length(company) <= 200 and char_length(website) <= 2000
        and char_length(country) = 2 and char_length(bio) <= 2000 and char_length(revoke_reason) <= 1000),
    constraint partners_platforms_count check (jsonb_typeof(platforms) = 'array' and jsonb_array_length(platforms) <= 10),
    constraint partners_answers_object check (jsonb_typeof(answers) = 'object')
);
comment on table partners is 'People who promote a program.';
comment on column partners.name_norm is 'The name in lower case, which prefix search compares: under row-level security an index on lower() is not used.';
create index partners_by_time on partners (tenant_id, created_at desc, id desc);
create index partners_by_status on partners (tenant_id, status, created_at desc, id desc);
-- Prefix search by name and by address. The operators of text_pattern_ops are leakproof.
create index partners_by_name on partners (tenant_id, name_norm text_pattern_ops);
create index partners_by_email on partners (tenant_id, email text_pattern_ops);
alter table partners enable row level security;
alter table partners force row level security;
create policy tenant_isolation on partners to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on partners to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update on partners to openpartner_app;
grant select, insert, update, delete on partners to openpartner_system;

create table magic_links (
    tenant_id     uuid not null references platform.tenants (id),
    id            uuid not null,
    token_hash     text not null,
    purpose        text not null,
    principal_kind text not null,
    principal_id   uuid not null,
    email          text not null,
    expires_at     timestamptz not null,
    consumed_at    timestamptz,
    created_at     timestamptz not null,
    constraint magic_links_pkey primary key (tenant_id, id),
    constraint magic_links_tenant_id_token_hash_key unique (tenant_id, token_hash),
    constraint magic_links_principal_kind_known check (principal_kind in ('admin', 'partner'))
);
comment on table magic_links is 'Single-use links in mails. Only the SHA-256 of the token is kept.';
create index magic_links_open_by_principal on magic_links (tenant_id, principal_id, purpose) where consumed_at is null;
create index magic_links_by_expiry on magic_links (tenant_id, expires_at);
alter table magic_links enable row level security;
alter table magic_links force row level security;
create policy tenant_isolation on magic_links to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on magic_links to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update on magic_links to openpartner_app;
grant select, insert, update, delete on magic_links to openpartner_system;

create table sessions (
    tenant_id      uuid not null references platform.tenants (id),
    token_hash     text not null,
    data           text not null,
    principal_kind text,
    principal_id   uuid,
    user_agent     text,
    ip_hash        text,
    expires_at     timestamptz not null,
    last_seen_at   timestamptz not null,
    revoked_at     timestamptz,
    created_at     timestamptz not null,
    constraint sessions_pkey primary key (tenant_id, token_hash)
);
comment on table sessions is 'Browser sessions. Signed-out rows stay as tombstones until they expire, so that a request under way can''t revive them.';
create index sessions_by_principal on sessions (tenant_id, principal_id) where revoked_at is null;
create index sessions_by_expiry on sessions (tenant_id, expires_at);
alter table sessions enable row level security;
alter table sessions force row level security;
create policy tenant_isolation on sessions to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on sessions to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update on sessions to openpartner_app;
grant select, insert, update, delete on sessions to openpartner_system;

create table api_keys (
    tenant_id     uuid not null references platform.tenants (id),
    id            uuid not null,
    name         text not null,
    prefix       text not null,
    key_hash     text not null,
    kind         text not null,
    partner_id   uuid,
    scopes       text[] not null default '{}',
    created_by   uuid,
    last_used_at timestamptz,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    created_at   timestamptz not null,
    constraint api_keys_pkey primary key (tenant_id, id),
    constraint api_keys_tenant_id_key_hash_key unique (tenant_id, key_hash),
    constraint api_keys_partner_fkey foreign key (tenant_id, partner_id) references partners (tenant_id, id),
    constraint api_keys_name_length check (char_length(name) between 1 and 120),
    constraint api_keys_kind_known check (kind in ('admin', 'partner', 'scoped')),
    constraint api_keys_partner_of_kind check ((kind = 'partner') = (partner_id is not null))
);
comment on table api_keys is 'Keys of programs. Only the SHA-256 of a key is kept.';
create index api_keys_by_time on api_keys (tenant_id, created_at desc, id desc);
alter table api_keys enable row level security;
alter table api_keys force row level security;
create policy tenant_isolation on api_keys to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on api_keys to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update on api_keys to openpartner_app;
grant select, insert, update, delete on api_keys to openpartner_system;

create table config (
    tenant_id  uuid not null references platform.tenants (id),
    key        text not null,
    value      jsonb not null,
    updated_at timestamptz not null,
    constraint config_pkey primary key (tenant_id, key),
    constraint config_value_object check (jsonb_typeof(value) = 'object')
);
comment on table config is 'Settings of a program, one row per group. Secrets inside are sealed.';
alter table config enable row level security;
alter table config force row level security;
create policy tenant_isolation on config to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on config to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update on config to openpartner_app;
grant select, insert, update, delete on config to openpartner_system;

create table audit_log (
    tenant_id     uuid not null references platform.tenants (id),
    id            uuid not null,
    actor_kind   text not null,
    actor_id     uuid,
    action       text not null,
    subject_kind text not null,
    subject_id   uuid,
    detail       jsonb not null default '{}',
    ip_hash      text,
    created_at   timestamptz not null,
    constraint audit_log_pkey primary key (tenant_id, id)
);
comment on table audit_log is 'Who did what. Rows are only ever added.';
create index audit_log_by_time on audit_log (tenant_id, created_at desc, id desc);
create index audit_log_by_subject on audit_log (tenant_id, subject_id, created_at desc);
alter table audit_log enable row level security;
alter table audit_log force row level security;
create policy tenant_isolation on audit_log to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on audit_log to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert on audit_log to openpartner_app;
grant select, insert on audit_log to openpartner_system;

create table idempotency_keys (
    tenant_id    uuid not null references platform.tenants (id),
    principal    text not null,
    route        text not null,
    key          text not null,
    request_hash text not null,
    status       integer,
    body         text,
    expires_at   timestamptz not null,
    created_at   timestamptz not null,
    constraint idempotency_keys_pkey primary key (tenant_id, principal, route, key)
);
comment on table idempotency_keys is 'Answers to POSTs that carried an Idempotency-Key, for 24 hours.';
create index idempotency_keys_by_expiry on idempotency_keys (tenant_id, expires_at);
alter table idempotency_keys enable row level security;
alter table idempotency_keys force row level security;
create policy tenant_isolation on idempotency_keys to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on idempotency_keys to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update, delete on idempotency_keys to openpartner_app;
grant select, insert, update, delete on idempotency_keys to openpartner_system;
