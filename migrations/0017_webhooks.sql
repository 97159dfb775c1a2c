-- +goose Up
-- What programs of the merchant are told, and how that went.

create table webhook_endpoints (
    tenant_id                  uuid not null references platform.tenants (id),
    id                         uuid not null,
    url                        text not null,
    label                      text,
    events                     text[] not null,
    secret_ciphertext          text not null,
    previous_secret_ciphertext text,
    previous_until             timestamptz,
    status                     text not null default 'active',
    failing_since              timestamptz,
    disabled_reason            text,
    created_at                 timestamptz not null,
    constraint webhook_endpoints_pkey primary key (tenant_id, id),
    constraint webhook_endpoints_url_length check (char_length(url) between 1 and 2000),
    constraint webhook_endpoints_label_length check (char_length(label) between 1 and 120),
    constraint webhook_endpoints_events_some check (cardinality(events) between 1 and 50),
    constraint webhook_endpoints_status_known check (status in ('active', 'disabled')),
    constraint webhook_endpoints_previous_whole check ((previous_secret_ciphertext is null) = (previous_until is null))
);
comment on table webhook_endpoints is 'Addresses of the merchant that are told what happens. Secrets are sealed.';
create index webhook_endpoints_by_time on webhook_endpoints (tenant_id, created_at desc, id desc);
alter table webhook_endpoints enable row level security;
alter table webhook_endpoints force row level security;
create policy tenant_isolation on webhook_endpoints to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on webhook_endpoints to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update, delete on webhook_endpoints to openpartner_app, openpartner_system;

create table webhook_deliveries (
    tenant_id       uuid not null references platform.tenants (id),
    id              uuid not null,
    endpoint_id     uuid not null,
    message_id      text not null,
    event_type      text not null,
    payload         jsonb not null,
    status          text not null default 'pending',
    attempts        integer not null default 0,
    next_attempt_at timestamptz,
    attempted_at    timestamptz,
    response_status integer,
    response_ms     integer,
    response_body   text,
    error           text,
    created_at      timestamptz not null,
    constraint webhook_deliveries_pkey primary key (tenant_id, id),
    constraint webhook_deliveries_endpoint_fkey foreign key (tenant_id, endpoint_id) references webhook_endpoints (tenant_id, id),
    constraint webhook_deliveries_status_known check (status in ('pending', 'delivered', 'failed', 'dead'))
);
comment on table webhook_deliveries is 'One message to one endpoint: what was said, how often it was tried, what came back last.';
-- An endpoint's log, and the list of what failed.
create index webhook_deliveries_by_endpoint on webhook_deliveries (tenant_id, endpoint_id, created_at desc, id desc);
create index webhook_deliveries_failed on webhook_deliveries (tenant_id, endpoint_id, id) where status in ('failed', 'dead');
-- Retention.
create index webhook_deliveries_by_age on webhook_deliveries (created_at);
alter table webhook_deliveries enable row level security;
alter table webhook_deliveries force row level security;
create policy tenant_isolation on webhook_deliveries to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on webhook_deliveries to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update, delete on webhook_deliveries to openpartner_app, openpartner_system;

-- Who remembers that a program has no endpoint hears that it has one now.
-- +goose StatementBegin
create function platform.announce_webhooks() returns trigger language plpgsql as $$
begin
    perform pg_notify('openpartner_changes', 'webhooks ' || new.tenant_id);
    return null;
end $$;
-- +goose StatementEnd
create trigger webhook_endpoints_announce after insert or update of status on webhook_endpoints
    for each row execute function platform.announce_webhooks();
