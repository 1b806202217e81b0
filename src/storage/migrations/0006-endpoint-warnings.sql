-- Warnings before a failing endpoint is disabled, and since when one is disabled. Older programs do not write
-- these columns: without `disabled_at` the last change of the endpoint stands for it.

ALTER TABLE endpoint ADD COLUMN warned_at timestamptz;
ALTER TABLE endpoint ADD COLUMN disabled_at timestamptz;
COMMENT ON COLUMN endpoint.warned_at IS 'When its owner was last warned that it is failing; of an earlier failing period when before failing_since.';
COMMENT ON COLUMN endpoint.disabled_at IS 'Since when it is disabled.';
UPDATE endpoint SET disabled_at = updated_at WHERE disabled;
CREATE INDEX endpoint_failing ON endpoint (failing_since)
  WHERE failing_since IS NOT NULL AND NOT disabled AND deleted_at IS NULL;
