-- +goose Up
-- How creators come into a program: what they sign up with, the logo they see, and lists of them
-- that an admin brings along.

create table partner_applications (
    tenant_id     uuid not null references platform.tenants (id),
    id            uuid not null,
    email         text not null,
    name          text not null,
    profile       jsonb not null,
    terms_version text,
    created_at    timestamptz not null,
    constraint partner_applications_pkey primary key (tenant_id, id),
    constraint partner_applications_email_form check (email = lower(email) and char_length(email) between 3 and 254),
    constraint partner_applications_name_length check (char_length(name) between 1 and 120),
    constraint partner_applications_profile_object check (jsonb_typeof(profile) = 'object')
);
comment on table partner_applications is 'Sign-up forms that were sent and wait for a job, which finds out whose address it is and deletes the row. Written alike for all addresses.';
create index partner_applications_by_time on partner_applications (tenant_id, created_at);
alter table partner_applications enable row level security;
alter table partner_applications force row level security;
create policy tenant_isolation on partner_applications to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on partner_applications to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, delete on partner_applications to openpartner_app;
grant select, insert, update, delete on partner_applications to openpartner_system;

-- Sign-ups that nobody confirmed, for the retention.
create index partners_unverified on partners (tenant_id, created_at) where status = 'unverified';

create table assets (
    tenant_id    uuid not null references platform.tenants (id),
    kind         text not null,
    content_type text not null,
    bytes        bytea not null,
    created_at   timestamptz not null,
    constraint assets_pkey primary key (tenant_id, kind),
    constraint assets_kind_known check (kind in ('logo')),
    constraint assets_content_type_known check (content_type in ('image/png')),
    constraint assets_size check (octet_length(bytes) between 1 and 262144)
);
comment on table assets is 'Pictures of a program, as the server has encoded them anew.';
alter table assets enable row level security;
alter table assets force row level security;
create policy tenant_isolation on assets to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on assets to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update, delete on assets to openpartner_app;
grant select, insert, update, delete on assets to openpartner_system;

-- Every page of a program names its logo, so its version stands beside the name.
alter table platform.tenants add column logo text;
comment on column platform.tenants.logo is 'The version of the logo in assets, a hash of it; null without one.';
grant update (logo) on platform.tenants to openpartner_app;

create table partner_imports (
    tenant_id   uuid not null references platform.tenants (id),
    id          uuid not null,
    send_invite boolean not null,
    total       integer not null,
    job_id      uuid not null,
    created_at  timestamptz not null,
    constraint partner_imports_pkey primary key (tenant_id, id),
    constraint partner_imports_total check (total between 1 and 10000)
);
comment on table partner_imports is 'Lists of partners that admins brought along, for 30 days.';
create index partner_imports_by_time on partner_imports (tenant_id, created_at desc, id desc);
alter table partner_imports enable row level security;
alter table partner_imports force row level security;
create policy tenant_isolation on partner_imports to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on partner_imports to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert on partner_imports to openpartner_app;
grant select, insert, update, delete on partner_imports to openpartner_system;

create table partner_import_rows (
    tenant_id    uuid not null references platform.tenants (id),
    import_id    uuid not null,
    line         integer not null,
    email        text not null,
    name         text not null,
    company      text,
    website      text,
    country      text,
    campaign_ids uuid[] not null default '{}',
    outcome      text not null,
    reason       text,
    partner_id   uuid,
    constraint partner_import_rows_pkey primary key (tenant_id, import_id, line),
    constraint partner_import_rows_import_fkey foreign key (tenant_id, import_id) references partner_imports (tenant_id, id) on delete cascade,
    constraint partner_import_rows_outcome_known check (outcome in ('waiting', 'added', 'known', 'refused'))
);
comment on table partner_import_rows is 'The rows of such a list, and what became of each. Texts stand as they were typed: a refused row may hold anything.';
-- The next ones that wait.
create index partner_import_rows_waiting on partner_import_rows (tenant_id, import_id, line) where outcome = 'waiting';
alter table partner_import_rows enable row level security;
alter table partner_import_rows force row level security;
create policy tenant_isolation on partner_import_rows to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on partner_import_rows to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update on partner_import_rows to openpartner_app;
grant select, insert, update, delete on partner_import_rows to openpartner_system;
