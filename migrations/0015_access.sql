-- +goose Up
-- What people see of their sessions and of the audit log, and what erasure takes away.

-- The key of a session is the hash of its token, which no page may show.
alter table sessions add column id uuid not null default gen_random_uuid();
alter table sessions add constraint sessions_tenant_id_id_key unique (tenant_id, id);

-- The log by who did it, and by what was done.
create index audit_log_by_actor on audit_log (tenant_id, actor_id, created_at desc, id desc);
create index audit_log_by_action on audit_log (tenant_id, action, created_at desc, id desc);

-- When somebody is erased, what details say about them goes. Nothing else of the log ever changes,
-- and a detail can only become less.
grant update (detail) on audit_log to openpartner_app;

-- +goose StatementBegin
create function platform.guard_audit() returns trigger language plpgsql as $$
begin
    if not (new.detail <@ old.detail) then
        raise exception 'the audit log is only added to' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end
$$;
-- +goose StatementEnd
create trigger audit_log_guard before update on audit_log for each row execute function platform.guard_audit();
comment on table audit_log is 'Who did what. Rows are only ever added; erasing a person takes what details say about them.';

-- The same for customers: of an event only what points at a person may go.
grant update (user_id, email_hash, metadata, request_hash) on events to openpartner_app;
comment on table events is 'Something a user of the merchant did. Rows never change, but for who it was when that user is erased.';

alter table partners add column erased_at timestamptz;
comment on column partners.erased_at is 'When the person was erased; what stays is the owner of money and clicks.';
