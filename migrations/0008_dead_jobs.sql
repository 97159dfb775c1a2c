-- +goose Up
-- The count of jobs that were given up, which every scrape of /metrics and the doctor ask for:
-- without it they would read all jobs of the last 30 days.
create index jobs_dead on platform.jobs (tenant_id, id) where status = 'dead';
