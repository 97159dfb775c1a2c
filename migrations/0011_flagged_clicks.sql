-- +goose Up
-- Flagged clicks are few among many, and people look at them newest first.

create index clicks_flagged on clicks (tenant_id, occurred_at desc, id desc) where flag is not null;

-- What waits for a person's judgement is counted on every page of an admin.
create index clicks_to_review on clicks (tenant_id, occurred_at desc, id desc)
    where flag in ('velocity', 'self_referral') and reviewed_at is null;
