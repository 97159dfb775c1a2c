-- +goose Up
-- The operator's brake. A restored database may be behind what banks and Stripe know, so that every
-- restore puts it on.
create table platform.hold (
    only_row boolean primary key default true,
    is_on    boolean not null default false,
    reason   text not null default '',
    set_by   text not null default '',
    set_at   timestamptz not null default now(),
    constraint hold_only_row check (only_row),
    constraint hold_reason_length check (char_length(reason) <= 500)
);
comment on table platform.hold is 'While it is on no money moves: workers leave jobs about money where they are.';
insert into platform.hold default values;
grant select on platform.hold to openpartner_app;
grant select, update on platform.hold to openpartner_system;
