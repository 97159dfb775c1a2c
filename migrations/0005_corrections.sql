-- +goose Up
-- The corrections of an event: reports cap what refunds take back at what the sale brought in.
create index events_by_reversed on events (tenant_id, reverses_event_id) where reverses_event_id is not null;
