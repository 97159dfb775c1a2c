-- +goose Up
-- Clicks by the thousand: their daily sums, the count behind the velocity flag, and the
-- notifications by which every replica hears that a link leads elsewhere.

create table daily_clicks (
    tenant_id   uuid not null references platform.tenants (id),
    day         date not null,
    partner_id  uuid not null,
    campaign_id uuid not null,
    link_id     uuid,
    clicks      bigint not null default 0,
    flagged     bigint not null default 0,
    -- A click without a link, from a coupon, is a group of its own.
    constraint daily_clicks_key unique nulls not distinct (tenant_id, day, partner_id, campaign_id, link_id),
    constraint daily_clicks_not_negative check (clicks >= 0 and flagged >= 0)
) with (fillfactor = 70);
comment on table daily_clicks is 'Clicks per UTC day, written in the transaction that writes the click and re-derivable from clicks: those that count, and those with a flag.';
-- A partner's own figures.
create index daily_clicks_by_partner on daily_clicks (tenant_id, partner_id, day);
alter table daily_clicks enable row level security;
alter table daily_clicks force row level security;
create policy tenant_isolation on daily_clicks to openpartner_app, openpartner_system
    using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
create policy system_override on daily_clicks to openpartner_system
    using ((select platform.is_platform())) with check ((select platform.is_platform()));
grant select, insert, update, delete on daily_clicks to openpartner_app;
grant select, insert, update, delete on daily_clicks to openpartner_system;

insert into daily_clicks (tenant_id, day, partner_id, campaign_id, link_id, clicks, flagged)
select tenant_id, (occurred_at at time zone 'UTC')::date, partner_id, campaign_id, link_id,
    count(*) filter (where flag is null), count(flag)
from clicks group by 1, 2, 3, 4, 5;

-- How many visits one address has just made through one link. Machines that say so use up
-- nobody's budget, so they are left out.
create index clicks_by_link_address on clicks (tenant_id, link_id, ip_hash, occurred_at)
    where ip_hash is not null and flag is distinct from 'bot';

-- What replicas keep in memory is dropped by a notification on openpartner_changes:
-- 'link <tenant> <key>', 'links <tenant>' for all of a tenant's, 'tenant <slug>'.

-- +goose StatementBegin
create function platform.announce_links() returns trigger language plpgsql as $$
begin
    if (select count(*) from (select from changed limit 21) as few) > 20 then
        perform pg_notify('openpartner_changes', 'links ' || tenant_id) from (select distinct tenant_id from changed) t;
    else
        perform pg_notify('openpartner_changes', 'link ' || tenant_id || ' ' || key_norm) from changed;
    end if;
    return null;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create function platform.announce_all_links() returns trigger language plpgsql as $$
begin
    perform pg_notify('openpartner_changes', 'links ' || new.tenant_id);
    return null;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create function platform.announce_tenant() returns trigger language plpgsql as $$
begin
    perform pg_notify('openpartner_changes', 'tenant ' || new.slug);
    if tg_op = 'UPDATE' and old.slug <> new.slug then
        perform pg_notify('openpartner_changes', 'tenant ' || old.slug);
    end if;
    return null;
end $$;
-- +goose StatementEnd

create trigger links_announce_new after insert on links
    referencing new table as changed for each statement execute function platform.announce_links();
create trigger links_announce_changed after update on links
    referencing new table as changed for each statement execute function platform.announce_links();
create trigger partners_announce after update of status on partners
    for each row when (old.status is distinct from new.status) execute function platform.announce_all_links();
create trigger campaigns_announce after update on campaigns
    for each row when ((old.destination_url, old.deep_link_domains, old.status, old.starts_at, old.ends_at)
        is distinct from (new.destination_url, new.deep_link_domains, new.status, new.starts_at, new.ends_at))
    execute function platform.announce_all_links();
-- The thresholds of the velocity flag travel with the link.
create trigger config_announce after insert or update on config
    for each row when (new.key = 'fraud') execute function platform.announce_all_links();
create trigger tenants_announce after insert or update on platform.tenants
    for each row execute function platform.announce_tenant();
