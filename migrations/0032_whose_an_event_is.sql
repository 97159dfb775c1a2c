-- +goose Up
-- Two names may turn out to be one person's, and people are forgotten. What happened stays as it was.
comment on table events is 'Something a user of the merchant did. What, when and for how much never changes; whose it is may, when two names are one person''s or a person is forgotten.';
