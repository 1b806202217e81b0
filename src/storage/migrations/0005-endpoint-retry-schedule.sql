-- An endpoint may have a retry schedule of its own. Older programs neither read nor write it.

ALTER TABLE endpoint ADD COLUMN retry_schedule_ms integer[];
COMMENT ON COLUMN endpoint.retry_schedule_ms IS 'Delays after each failed attempt; null: those of the server.';
