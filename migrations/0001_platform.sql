-- +goose Up
-- What belongs to the deployment and not to one tenant. The roles openpartner_app and
-- openpartner_system exist already: `openpartner migrate` makes them first.

create schema platform;
grant usage on schema platform, public to openpartner_app, openpartner_system;

-- The tenant that the transaction is pinned to. After a transaction that set it, the setting
-- of a used connection is '' and not null, hence the nullif. Without a tenant: no rows.
create function platform.current_tenant() returns uuid
    language sql stable parallel safe
    as $$ select nullif(current_setting('app.tenant_id', true), '')::uuid $$;

-- The override that opens all tenants' rows. Only policies of openpartner_system ask it, so the
-- setting alone gives the app role, which could set it, no power.
create function platform.is_platform() returns boolean
    language sql stable parallel safe
    as $$ select coalesce(current_setting('app.platform_admin', true), '') = 'on' $$;

create table platform.tenants (
    id           uuid primary key,
    slug         text not null,
    display_name text not null,
    status       text not null default 'active',
    suspended_at timestamptz,
    cancelled_at timestamptz,
    created_at   timestamptz not null default now(),
    constraint tenants_slug_key unique (slug),
    constraint tenants_slug_form check (slug ~ '^[a-z0-9](?:[a-z0-9-]{1,28})[a-z0-9]$' and slug !~ '--'),
    constraint tenants_display_name_length check (char_length(display_name) between 1 and 120),
    constraint tenants_status_known check (status in ('active', 'suspended', 'cancelled'))
);
comment on table platform.tenants is 'One brand''s program each. In single tenancy there is just the default one.';
alter table platform.tenants enable row level security;
alter table platform.tenants force row level security;
create policy tenant_isolation on platform.tenants to openpartner_app, openpartner_system
    using (id = (select platform.current_tenant())) with check (id = (select platform.current_tenant()));
create policy system_override on platform.tenants to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select on platform.tenants to openpartner_app;
-- The program's name is a setting of the tenant; everything else is the platform's.
grant update (display_name) on platform.tenants to openpartner_app;
grant select, insert, update, delete on platform.tenants to openpartner_system;

insert into platform.tenants (id, slug, display_name)
values ('00000000-0000-7000-8000-000000000001', 'default', 'Partner program');

create table platform.jobs (
    id           uuid primary key,
    tenant_id    uuid references platform.tenants (id) on delete cascade,
    kind         text not null,
    status       text not null default 'pending',
    key          text,
    dedupe_key   text,
    args         jsonb not null,
    run_at       timestamptz not null default now(),
    attempts     integer not null default 0,
    max_attempts integer not null default 12,
    lease_token  uuid,
    lease_until  timestamptz,
    last_error   text,
    progress     jsonb,
    finished_at  timestamptz,
    created_at   timestamptz not null default now(),
    constraint jobs_status_known check (status in ('pending', 'running', 'done', 'dead', 'cancelled')),
    constraint jobs_leased_while_running check ((status = 'running') = (lease_token is not null))
);
comment on table platform.jobs is 'What is to be done after the commit of the transaction that wrote the row.';
-- One row per dedupe key and tenant; rows of the platform have no tenant and are one group.
create unique index jobs_tenant_id_dedupe_key on platform.jobs (tenant_id, dedupe_key)
    nulls not distinct where dedupe_key is not null;
-- The claim: what is due, oldest first.
create index jobs_due on platform.jobs (run_at, id) where status = 'pending';
-- The claim's question whether an earlier job of the same key is still open.
create index jobs_open_by_key on platform.jobs (tenant_id, key, id) where status in ('pending', 'running');
-- The rescue of leases that ran out.
create index jobs_running on platform.jobs (lease_until) where status = 'running';
-- The page of jobs, and retention.
create index jobs_by_tenant on platform.jobs (tenant_id, created_at desc, id desc);
alter table platform.jobs enable row level security;
alter table platform.jobs force row level security;
create policy tenant_isolation on platform.jobs to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on platform.jobs to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update on platform.jobs to openpartner_app;
grant select, insert, update, delete on platform.jobs to openpartner_system;

-- Counts of the shared rate limits. Losing them in a crash costs nothing, so they are unlogged.
create unlogged table platform.rate_limits (
    key text primary key,
    tat timestamptz not null
) with (fillfactor = 70);
comment on table platform.rate_limits is 'The theoretical arrival time of each bucket (GCRA), by the database''s clock.';
grant select, insert, update, delete on platform.rate_limits to openpartner_app, openpartner_system;

-- Salts of the visitors' address hashes. They are destroyed after two days, and with them the
-- possibility to tell whose address a hash was.
create table platform.daily_salts (
    day  date primary key,
    salt bytea not null,
    constraint daily_salts_length check (octet_length(salt) = 32)
);
comment on table platform.daily_salts is 'One random salt a day for the hashes of visitors'' addresses.';
grant select, insert on platform.daily_salts to openpartner_app;
grant select, insert, delete on platform.daily_salts to openpartner_system;

-- Which schema an older binary can still work with: it refuses to start below min_binary.
create table platform.schema_compat (
    only_row   boolean primary key default true check (only_row),
    min_binary bigint not null
);
comment on table platform.schema_compat is 'The lowest schema number that a binary must know to run against this database.';
insert into platform.schema_compat (min_binary) values (1);
grant select on platform.schema_compat to openpartner_app, openpartner_system;

-- The app's roles may see how far the schema is.
grant select on schema_migrations to openpartner_app, openpartner_system;
