-- +goose Up
-- A program that comes back from its export: the rows of the file wait here until they are added.

create table program_imports (
    tenant_id   uuid not null references platform.tenants (id),
    id          uuid not null,
    program     jsonb not null,
    manifest    jsonb not null default '{}',
    exported_at timestamptz not null,
    job_id      uuid,
    created_at  timestamptz not null,
    constraint program_imports_pkey primary key (tenant_id, id)
);
comment on table program_imports is 'Files of whole programs that admins brought along, for 7 days. Without a job the file has not come in whole.';
create index program_imports_by_time on program_imports (tenant_id, created_at desc, id desc);
alter table program_imports enable row level security;
alter table program_imports force row level security;
create policy tenant_isolation on program_imports to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on program_imports to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update, delete on program_imports to openpartner_app, openpartner_system;

create table program_import_rows (
    tenant_id  uuid not null references platform.tenants (id),
    import_id  uuid not null,
    table_name text not null,
    position   bigint not null,
    turn       integer not null default 0,
    content    jsonb,
    outcome    text not null default 'waiting',
    reason     text,
    constraint program_import_rows_pkey primary key (tenant_id, import_id, table_name, position),
    constraint program_import_rows_import_fkey foreign key (tenant_id, import_id) references program_imports (tenant_id, id) on delete cascade,
    constraint program_import_rows_outcome_known check (outcome in ('waiting', 'added', 'known', 'refused'))
);
comment on table program_import_rows is 'The rows of such a file, and what became of each.';
comment on column program_import_rows.turn is 'Rows that refer to others of their table have their turn after these.';
comment on column program_import_rows.content is 'Null where the database can''t hold what the file says.';
-- The next ones that wait.
create index program_import_rows_waiting on program_import_rows (tenant_id, import_id, table_name, turn, position) where outcome = 'waiting';
-- Those that people are told of.
create index program_import_rows_refused on program_import_rows (tenant_id, import_id, table_name, position) where outcome = 'refused';
alter table program_import_rows enable row level security;
alter table program_import_rows force row level security;
create policy tenant_isolation on program_import_rows to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on program_import_rows to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update on program_import_rows to openpartner_app;
grant select, insert, update, delete on program_import_rows to openpartner_system;
