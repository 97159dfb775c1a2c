-- +goose Up
-- What Stripe says: the inbox of its events, and what ties its objects to programs, people and sales.

create table platform.stripe_events (
    id              uuid primary key,
    endpoint        text not null,
    stripe_event_id text not null,
    type            text not null,
    account         text,
    api_version     text,
    livemode        boolean not null,
    tenant_id       uuid references platform.tenants (id) on delete cascade,
    resolved_by     text,
    refs            text[] not null default '{}',
    payload         text,
    findings        jsonb,
    status          text not null default 'received',
    reason          text,
    error           text,
    matched_by      text,
    event_id        uuid,
    attempts        integer not null default 0,
    occurred_at     timestamptz not null,
    next_try_at     timestamptz,
    processed_at    timestamptz,
    created_at      timestamptz not null,
    constraint stripe_events_endpoint_known check (endpoint in ('platform', 'connect', 'tenant')),
    constraint stripe_events_of_a_tenant check (endpoint <> 'tenant' or tenant_id is not null),
    constraint stripe_events_status_known check (status in ('received', 'processed', 'ignored', 'waiting', 'failed')),
    constraint stripe_events_waits_until check ((status = 'waiting') = (next_try_at is not null))
);
comment on table platform.stripe_events is 'What Stripe sent, each event once per endpoint. The tenant is null until it is known whose the event is; the payload goes after 90 days.';
comment on column platform.stripe_events.refs is 'The ids of all objects that the event names: what it may be waiting for.';
comment on column platform.stripe_events.findings is 'What Stripe answered when it was asked about an event that does not say enough.';
-- An event comes more than once. Those of the operator's endpoints are found before their tenant is.
create unique index stripe_events_once on platform.stripe_events (endpoint, stripe_event_id) where endpoint <> 'tenant';
create unique index stripe_events_tenant_id_once on platform.stripe_events (tenant_id, stripe_event_id) where endpoint = 'tenant';
-- The console's list, and a program's.
create index stripe_events_by_time on platform.stripe_events (created_at desc, id desc);
create index stripe_events_by_tenant on platform.stripe_events (tenant_id, created_at desc, id desc);
-- What is tried again.
create index stripe_events_waiting on platform.stripe_events (next_try_at) where status = 'waiting';
create index stripe_events_waiting_by_tenant on platform.stripe_events (tenant_id, id) where status = 'waiting';
alter table platform.stripe_events enable row level security;
alter table platform.stripe_events force row level security;
create policy tenant_isolation on platform.stripe_events to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on platform.stripe_events to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update on platform.stripe_events to openpartner_app;
grant select, insert, update, delete on platform.stripe_events to openpartner_system;

create table platform.stripe_routes (
    ref        text primary key,
    tenant_id  uuid not null references platform.tenants (id) on delete cascade,
    created_at timestamptz not null,
    constraint stripe_routes_ref_length check (char_length(ref) between 1 and 255)
);
comment on table platform.stripe_routes is 'Whose the objects of the operator''s own Stripe account are.';
create index stripe_routes_by_tenant on platform.stripe_routes (tenant_id);
grant select, insert, update, delete on platform.stripe_routes to openpartner_system;

create table event_refs (
    tenant_id  uuid not null references platform.tenants (id),
    kind       text not null,
    ref        text not null,
    event_id   uuid not null,
    created_at timestamptz not null,
    constraint event_refs_pkey primary key (tenant_id, kind, ref, event_id),
    constraint event_refs_event_fkey foreign key (tenant_id, event_id) references events (tenant_id, id),
    constraint event_refs_kind_known check (kind in ('invoice', 'charge', 'payment_intent', 'subscription')),
    constraint event_refs_ref_length check (char_length(ref) between 1 and 255)
);
comment on table event_refs is 'Which objects of Stripe an event came from, so that a refund or dispute finds the sale that it means.';
create index event_refs_by_event on event_refs (tenant_id, event_id);
alter table event_refs enable row level security;
alter table event_refs force row level security;
create policy tenant_isolation on event_refs to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on event_refs to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert on event_refs to openpartner_app;
grant select, insert, update, delete on event_refs to openpartner_system;

create table stripe_customers (
    tenant_id  uuid not null references platform.tenants (id),
    customer   text not null,
    user_id    text not null,
    rank       integer not null,
    told_at    timestamptz not null,
    created_at timestamptz not null,
    constraint stripe_customers_pkey primary key (tenant_id, customer),
    constraint stripe_customers_customer_length check (char_length(customer) between 1 and 255),
    constraint stripe_customers_user_id_length check (char_length(user_id) between 1 and 200)
);
comment on table stripe_customers is 'Which user of the merchant a customer at Stripe is, where the merchant said so; others go by the id of the customer.';
comment on column stripe_customers.rank is 'How good the word is: 2 by the customer itself, 1 by another object of theirs.';
create index stripe_customers_by_user on stripe_customers (tenant_id, user_id);
alter table stripe_customers enable row level security;
alter table stripe_customers force row level security;
create policy tenant_isolation on stripe_customers to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on stripe_customers to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update, delete on stripe_customers to openpartner_app, openpartner_system;

create table stripe_refunds (
    tenant_id  uuid not null references platform.tenants (id),
    ref        text not null,
    kind       text not null,
    event_id   uuid not null,
    amount     bigint not null,
    created_at timestamptz not null,
    constraint stripe_refunds_pkey primary key (tenant_id, ref),
    constraint stripe_refunds_event_fkey foreign key (tenant_id, event_id) references events (tenant_id, id),
    constraint stripe_refunds_kind_known check (kind in ('refund', 'charge', 'credit_note')),
    constraint stripe_refunds_ref_length check (char_length(ref) between 1 and 255),
    constraint stripe_refunds_amount_range check (amount between 0 and 9007199254740991)
);
comment on table stripe_refunds is 'What Stripe said was taken back of a sale: by refunds one by one, by charges in total, by credit notes what no refund pays out.';
create index stripe_refunds_by_event on stripe_refunds (tenant_id, event_id);
alter table stripe_refunds enable row level security;
alter table stripe_refunds force row level security;
create policy tenant_isolation on stripe_refunds to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on stripe_refunds to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update on stripe_refunds to openpartner_app;
grant select, insert, update, delete on stripe_refunds to openpartner_system;

alter table coupons add column stripe_promotion_code_id text;
alter table coupons add constraint coupons_promotion_code_length check (char_length(stripe_promotion_code_id) between 1 and 255);
comment on column coupons.stripe_promotion_code_id is 'The promotion code at Stripe that stands for this coupon.';
create unique index coupons_tenant_id_promotion_code_key on coupons (tenant_id, stripe_promotion_code_id) where stripe_promotion_code_id is not null;
