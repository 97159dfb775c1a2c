-- +goose Up
-- The claim goes from tenant to tenant and takes the oldest of each, so what waits is found by its
-- tenant first. It takes the place of an index by time over all tenants.
create index jobs_due_by_tenant on platform.jobs (tenant_id, run_at, id) where status = 'pending';
drop index platform.jobs_due;
