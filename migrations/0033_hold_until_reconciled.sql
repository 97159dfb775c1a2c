-- +goose Up
-- A hold that a restore put on ends when the ledger was compared with what Stripe paid since the backup.
alter table platform.hold add column books_of timestamptz;
comment on column platform.hold.books_of is 'When the backup was made that the database comes from, until the ledger was compared with Stripe; null without one.';
