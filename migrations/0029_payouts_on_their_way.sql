-- +goose Up
-- The look, every half minute and over all programs, for payouts that nobody is about to send.
create index payouts_on_their_way on payouts (tenant_id, id) where rail = 'stripe_connect' and status in ('pending', 'processing');
