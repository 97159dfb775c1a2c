-- +goose Up
-- Each scrape of the metrics counts the events of Stripe's that are not over. They are few among many.
create index stripe_events_open on platform.stripe_events (status, created_at) where status in ('received', 'waiting', 'failed');
