-- +goose Up
-- What refers to a click, asked for every one that retention would delete.
create index attributions_by_click on attributions (tenant_id, click_id);
create index commissions_by_click on commissions (tenant_id, click_id) where click_id is not null;
