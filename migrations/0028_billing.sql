-- +goose Up
-- What a hosted program pays the operator: its customer at Stripe, its subscription, and its usage day by day.

alter table platform.tenants add column stripe_customer_id text;
alter table platform.tenants add column stripe_subscription_id text;
alter table platform.tenants add constraint tenants_stripe_customer_id_key unique (stripe_customer_id);
alter table platform.tenants add constraint tenants_stripe_ids_length
    check (char_length(stripe_customer_id) between 1 and 255 and char_length(stripe_subscription_id) between 1 and 255);
comment on column platform.tenants.stripe_customer_id is 'The program as a customer of the operator: whose events these are follows from it. Written by the system role alone, and once.';

create table billing_accounts (
    tenant_id         uuid not null references platform.tenants (id),
    status            text not null default 'none',
    prices            text[] not null default '{}',
    living            integer not null default 0,
    subscribed_at     timestamptz,
    ended_at          timestamptz,
    paid_from         timestamptz,
    paid_until        timestamptz,
    cancels_at        timestamptz,
    read_at           timestamptz,
    checkout_session  text,
    failed_invoice    text,
    reported_day      date,
    created_at        timestamptz not null,
    constraint billing_accounts_pkey primary key (tenant_id),
    constraint billing_accounts_status_known check (status in
        ('none', 'incomplete', 'incomplete_expired', 'trialing', 'active', 'past_due', 'unpaid', 'paused', 'canceled'))
);
comment on table billing_accounts is 'How a program''s subscription stood when Stripe was asked last, and the last day whose usage is written down.';
comment on column billing_accounts.living is 'How many subscriptions are not over; more than one is a mistake that costs the program money.';
comment on column billing_accounts.paid_from is 'The period of the subscription: what happened before is on an invoice that is closed.';
comment on column billing_accounts.failed_invoice is 'The invoice that admins have been told of: one mail each.';
alter table billing_accounts enable row level security;
alter table billing_accounts force row level security;
create policy tenant_isolation on billing_accounts to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on billing_accounts to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select on billing_accounts to openpartner_app;
grant select, insert, update, delete on billing_accounts to openpartner_system;

create table usage_reports (
    tenant_id    uuid not null references platform.tenants (id),
    id           uuid not null,
    period_start date not null,
    period_end   date not null,
    currency     text not null,
    amount       bigint not null,
    carried_in   bigint not null,
    value        bigint not null,
    carried_out  bigint not null,
    status       text not null,
    reason       text,
    counted_at   timestamptz,
    posted_at    timestamptz,
    sent_at      timestamptz,
    last_error   text,
    checked_at   timestamptz,
    difference   bigint,
    created_at   timestamptz not null,
    constraint usage_reports_pkey primary key (tenant_id, id),
    constraint usage_reports_tenant_id_day_key unique (tenant_id, period_start, currency),
    constraint usage_reports_currency_form check (currency ~ '^[A-Z]{3}$'),
    constraint usage_reports_one_day check (period_end = period_start + 1),
    constraint usage_reports_status_known check (status in ('pending', 'sent', 'skipped')),
    constraint usage_reports_reason_known check (reason in ('no_subscription', 'nothing_due')),
    constraint usage_reports_skipped_has_reason check ((status = 'skipped') = (reason is not null)),
    constraint usage_reports_sent_has_time check ((status = 'sent') = (sent_at is not null)),
    constraint usage_reports_value_sent check ((status = 'skipped') = (value = 0) and (status = 'skipped') = (counted_at is null)),
    constraint usage_reports_credit_carried check (value >= 0 and carried_in <= 0 and carried_out <= 0),
    constraint usage_reports_nothing_lost check (
        carried_out + value = carried_in + case when reason = 'no_subscription' then 0 else amount end)
);
comment on table usage_reports is 'What a program sold by its partners on a UTC day, and what of it the operator''s Stripe account is told. The id is the identifier of the meter event.';
comment on column usage_reports.amount is 'Sales of the day less its refunds, in minor units: may be negative.';
comment on column usage_reports.carried_in is 'What earlier days took back and no day has made up for yet; zero or less.';
comment on column usage_reports.counted_at is 'The moment that the usage counts for at Stripe: within its day, unless the invoice of that day is closed.';
comment on column usage_reports.difference is 'What Stripe counts for that moment less what it was told; zero when it agrees.';
-- What is still to be sent.
create index usage_reports_pending on usage_reports (tenant_id, period_start) where status = 'pending';
alter table usage_reports enable row level security;
alter table usage_reports force row level security;
create policy tenant_isolation on usage_reports to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on usage_reports to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select on usage_reports to openpartner_app;
grant select, insert, update, delete on usage_reports to openpartner_system;

-- The money that was recorded on a day, whenever it was made.
create index events_by_record on events (tenant_id, created_at) where amount > 0;
