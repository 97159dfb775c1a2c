-- +goose Up
-- What is promoted, on which terms, by whom: campaigns, their versions and rules, grants, links.

create table campaigns (
    tenant_id     uuid not null references platform.tenants (id),
    id            uuid not null,
    name              text not null,
    destination_url   text not null,
    deep_link_domains text[] not null default '{}',
    status            text not null default 'active',
    starts_at         timestamptz,
    ends_at           timestamptz,
    created_at        timestamptz not null,
    constraint campaigns_pkey primary key (tenant_id, id),
    constraint campaigns_name_length check (char_length(name) between 1 and 120),
    constraint campaigns_destination_http check (destination_url ~ '^https?://.' and char_length(destination_url) <= 2000),
    constraint campaigns_status_known check (status in ('active', 'paused', 'archived')),
    constraint campaigns_dates_in_order check (starts_at < ends_at)
);
comment on table campaigns is 'A destination with terms.';
create index campaigns_by_time on campaigns (tenant_id, created_at desc, id desc);
alter table campaigns enable row level security;
alter table campaigns force row level security;
create policy tenant_isolation on campaigns to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on campaigns to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update on campaigns to openpartner_app;
grant select, insert, update, delete on campaigns to openpartner_system;

create table campaign_versions (
    tenant_id         uuid not null references platform.tenants (id),
    campaign_id       uuid not null,
    version           integer not null,
    attribution_model text not null,
    window_days       integer not null,
    customer_lock     boolean not null,
    hold_days         integer not null,
    auto_approve      boolean not null,
    active_from       timestamptz not null,
    active_to         timestamptz,
    created_at        timestamptz not null,
    constraint campaign_versions_pkey primary key (tenant_id, campaign_id, version),
    constraint campaign_versions_campaign_fkey foreign key (tenant_id, campaign_id) references campaigns (tenant_id, id),
    constraint campaign_versions_model_known check (attribution_model in ('last_click', 'first_click', 'linear', 'position')),
    constraint campaign_versions_window_range check (window_days between 1 and 365),
    constraint campaign_versions_hold_range check (hold_days between 0 and 365),
    constraint campaign_versions_times_in_order check (active_from <= active_to)
);
comment on table campaign_versions is 'The terms of a campaign over time. The first version counts from -infinity; an edit closes one and opens the next.';
-- One version is open at a time.
create unique index campaign_versions_open on campaign_versions (tenant_id, campaign_id) where active_to is null;
alter table campaign_versions enable row level security;
alter table campaign_versions force row level security;
create policy tenant_isolation on campaign_versions to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on campaign_versions to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update on campaign_versions to openpartner_app;
grant select, insert, update, delete on campaign_versions to openpartner_system;

create table commission_rules (
    tenant_id     uuid not null references platform.tenants (id),
    id            uuid not null,
    campaign_id     uuid not null,
    partner_id      uuid,
    position        integer not null,
    event_type      text,
    trigger         text not null default 'every',
    kind            text not null,
    rate_ppm        bigint,
    amount          bigint,
    currency        char(3),
    duration_months integer,
    active_from     timestamptz not null,
    active_to       timestamptz,
    created_at      timestamptz not null,
    constraint commission_rules_pkey primary key (tenant_id, id),
    constraint commission_rules_campaign_fkey foreign key (tenant_id, campaign_id) references campaigns (tenant_id, id),
    constraint commission_rules_partner_fkey foreign key (tenant_id, partner_id) references partners (tenant_id, id),
    constraint commission_rules_trigger_known check (trigger in ('every', 'first', 'subsequent')),
    constraint commission_rules_trigger_needs_type check (trigger = 'every' or event_type is not null),
    constraint commission_rules_kind_values check (
        (kind = 'percent' and rate_ppm between 1 and 1000000 and amount is null and currency is null)
        or (kind = 'fixed' and rate_ppm is null and amount between 1 and 9007199254740991 and currency is not null)),
    constraint commission_rules_event_type_length check (char_length(event_type) between 1 and 80),
    constraint commission_rules_duration_range check (duration_months between 1 and 600),
    constraint commission_rules_times_in_order check (active_from <= active_to)
);
comment on table commission_rules is 'What a campaign pays, over time; with a partner, an override for that partner in that campaign.';
-- The rules of a campaign in force at a time.
create index commission_rules_by_campaign on commission_rules (tenant_id, campaign_id, partner_id, active_from);
alter table commission_rules enable row level security;
alter table commission_rules force row level security;
create policy tenant_isolation on commission_rules to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on commission_rules to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update on commission_rules to openpartner_app;
grant select, insert, update, delete on commission_rules to openpartner_system;

create table partner_campaigns (
    tenant_id   uuid not null references platform.tenants (id),
    partner_id  uuid not null,
    campaign_id uuid not null,
    source      text not null,
    created_at  timestamptz not null,
    constraint partner_campaigns_pkey primary key (tenant_id, partner_id, campaign_id),
    constraint partner_campaigns_partner_fkey foreign key (tenant_id, partner_id) references partners (tenant_id, id),
    constraint partner_campaigns_campaign_fkey foreign key (tenant_id, campaign_id) references campaigns (tenant_id, id),
    constraint partner_campaigns_source_known check (source in ('admin', 'network', 'signup', 'auto'))
);
comment on table partner_campaigns is 'The grant to promote a campaign.';
create index partner_campaigns_by_campaign on partner_campaigns (tenant_id, campaign_id, partner_id);
alter table partner_campaigns enable row level security;
alter table partner_campaigns force row level security;
create policy tenant_isolation on partner_campaigns to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on partner_campaigns to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update, delete on partner_campaigns to openpartner_app;
grant select, insert, update, delete on partner_campaigns to openpartner_system;

create table links (
    tenant_id     uuid not null references platform.tenants (id),
    id            uuid not null,
    key             text not null,
    key_norm        text not null,
    partner_id      uuid not null,
    campaign_id     uuid not null,
    destination_url text,
    archived_at     timestamptz,
    created_at      timestamptz not null,
    constraint links_pkey primary key (tenant_id, id),
    constraint links_tenant_id_key_norm_key unique (tenant_id, key_norm),
    constraint links_partner_fkey foreign key (tenant_id, partner_id) references partners (tenant_id, id),
    constraint links_campaign_fkey foreign key (tenant_id, campaign_id) references campaigns (tenant_id, id),
    constraint links_key_form check (key ~ '^[A-Za-z0-9_-]{3,64}$' and key_norm = lower(key)),
    constraint links_destination_http check (destination_url ~ '^https?://.' and char_length(destination_url) <= 2000)
);
comment on table links is 'A partner''s key for a campaign. Keys are compared without case, by key_norm.';
create index links_by_time on links (tenant_id, created_at desc, id desc);
create index links_by_partner on links (tenant_id, partner_id, created_at desc, id desc);
create index links_by_campaign on links (tenant_id, campaign_id, created_at desc, id desc);
alter table links enable row level security;
alter table links force row level security;
create policy tenant_isolation on links to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on links to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update on links to openpartner_app;
grant select, insert, update, delete on links to openpartner_system;
