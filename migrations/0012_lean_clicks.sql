-- +goose Up
-- Every click has a partner, and partners have a tenant: the direct reference is checked once
-- more for nothing, for the row that is written most often. Recent clicks live for hours.
alter table clicks drop constraint clicks_tenant_id_fkey;
alter table recent_clicks drop constraint recent_clicks_tenant_id_fkey;
