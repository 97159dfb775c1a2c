-- +goose Up
-- Many brands on one deployment: how their programs come and go, and the staff who look after them.

-- Set while a program that somebody signed up for waits for its first admin to confirm the address;
-- it does not belong to anybody for good before that.
alter table platform.tenants add column signup_email text;
comment on column platform.tenants.signup_email is 'Who signed up for the program; null when the operator made it.';
-- The console's list, and its search by the beginning of a slug.
create index tenants_by_time on platform.tenants (created_at desc, id desc);
create index tenants_by_slug on platform.tenants (slug text_pattern_ops);
-- How many programs an address has signed up for lately.
create index tenants_by_signup on platform.tenants (signup_email, created_at) where signup_email is not null;
-- The daily look for programs whose time is over.
create index tenants_cancelled on platform.tenants (cancelled_at) where status = 'cancelled';
alter table platform.tenants
    add constraint tenants_times_of_status check ((status = 'cancelled') = (cancelled_at is not null)) not valid;
update platform.tenants set cancelled_at = now() where status = 'cancelled' and cancelled_at is null;
update platform.tenants set cancelled_at = null where status <> 'cancelled' and cancelled_at is not null;
alter table platform.tenants validate constraint tenants_times_of_status;

create table platform.platform_admins (
    id              uuid primary key,
    email           text not null,
    name            text not null,
    role            text not null,
    last_sign_in_at timestamptz,
    revoked_at      timestamptz,
    created_at      timestamptz not null,
    constraint platform_admins_email_key unique (email),
    constraint platform_admins_email_form check (email = lower(email) and char_length(email) between 3 and 254),
    constraint platform_admins_name_length check (char_length(name) between 1 and 120),
    constraint platform_admins_role_known check (role in ('support', 'admin'))
);
comment on table platform.platform_admins is 'Staff of the operator: support looks, admin also acts.';
grant select, insert, update on platform.platform_admins to openpartner_system;

create table platform.magic_links (
    id          uuid primary key,
    token_hash  text not null,
    admin_id    uuid not null constraint platform_magic_links_admin_fkey references platform.platform_admins (id),
    expires_at  timestamptz not null,
    consumed_at timestamptz,
    created_at  timestamptz not null,
    constraint platform_magic_links_token_hash_key unique (token_hash)
);
comment on table platform.magic_links is 'Single-use links in mails to staff. Only the SHA-256 of the token is kept.';
create index platform_magic_links_open on platform.magic_links (admin_id) where consumed_at is null;
grant select, insert, update, delete on platform.magic_links to openpartner_system;

create table platform.sessions (
    token_hash   text primary key,
    data         text not null,
    admin_id     uuid constraint platform_sessions_admin_fkey references platform.platform_admins (id),
    user_agent   text,
    expires_at   timestamptz not null,
    last_seen_at timestamptz not null,
    revoked_at   timestamptz,
    created_at   timestamptz not null
);
comment on table platform.sessions is 'Browser sessions of staff; signed-out rows stay as tombstones until they expire.';
create index platform_sessions_by_admin on platform.sessions (admin_id) where revoked_at is null;
grant select, insert, update, delete on platform.sessions to openpartner_system;

create table platform.audit_log (
    id         uuid primary key,
    actor_id   uuid,
    actor_name text not null,
    action     text not null,
    tenant_id  uuid,
    slug       text,
    detail     jsonb not null default '{}',
    created_at timestamptz not null
);
comment on table platform.audit_log is 'What staff and the platform did to programs. It outlives them, so slug and names stand here in words.';
create index platform_audit_by_time on platform.audit_log (created_at desc, id desc);
create index platform_audit_by_tenant on platform.audit_log (tenant_id, created_at desc, id desc);
grant select, insert on platform.audit_log to openpartner_system;

-- A cancelled program is deleted, with everything, when its grace has passed; nothing else of the
-- ledger or of the log ever is. The guard sees to it, whoever may delete.
-- +goose StatementBegin
create function platform.guard_deletion() returns trigger language plpgsql as $$
begin
    if not exists (select from platform.tenants where id = old.tenant_id and status = 'cancelled') then
        raise exception '% rows are never deleted while the program stands', tg_table_name
            using errcode = 'integrity_constraint_violation';
    end if;
    return old;
end $$;

create or replace function platform.guard_commission() returns trigger language plpgsql as $$
begin
    if (new.tenant_id, new.id, new.partner_id, new.amount, new.currency, new.kind)
        is distinct from (old.tenant_id, old.id, old.partner_id, old.amount, old.currency, old.kind)
        or (new.event_id, new.campaign_id, new.rule_id, new.base_amount, new.base_currency, new.rate_ppm, new.weight_num, new.weight_den)
        is distinct from (old.event_id, old.campaign_id, old.rule_id, old.base_amount, old.base_currency, old.rate_ppm, old.weight_num, old.weight_den)
    then
        raise exception 'the amount, currency, owner and origin of a commission never change'
            using errcode = 'integrity_constraint_violation';
    end if;
    if new.status is distinct from old.status and not (
        (old.status = 'pending' and new.status in ('approved', 'held', 'reversed'))
        or (old.status = 'held' and new.status in ('pending', 'approved', 'reversed'))
        or (old.status = 'approved' and new.status in ('paid', 'held', 'reversed')))
    then
        raise exception 'a commission can''t go from % to %', old.status, new.status
            using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;
-- +goose StatementEnd

drop trigger commissions_guard on commissions;
create trigger commissions_guard before update on commissions
    for each row execute function platform.guard_commission();
create trigger commissions_stay before delete on commissions
    for each row execute function platform.guard_deletion();
create trigger audit_log_stays before delete on audit_log
    for each row execute function platform.guard_deletion();
create trigger events_stay before delete on events
    for each row execute function platform.guard_deletion();
grant delete on commissions, audit_log to openpartner_system;

-- Clicks that led to nothing are deleted when they are old, so they have no guard.

-- A program that is gone is forgotten by those who remember it.
-- +goose StatementBegin
create or replace function platform.announce_tenant() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' and (tg_op = 'DELETE' or old.slug <> new.slug) then
        perform pg_notify('openpartner_changes', 'tenant ' || old.slug);
    end if;
    if tg_op <> 'DELETE' then
        perform pg_notify('openpartner_changes', 'tenant ' || new.slug);
        return new;
    end if;
    return old;
end $$;
-- +goose StatementEnd
drop trigger tenants_announce on platform.tenants;
create trigger tenants_announce after insert or update or delete on platform.tenants
    for each row execute function platform.announce_tenant();
