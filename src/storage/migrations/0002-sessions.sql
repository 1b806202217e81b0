-- Logging in to the dashboard, and API keys that people make, see and revoke.

CREATE TABLE dashboard_session (
  token_hash bytea PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  used_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
CREATE INDEX dashboard_session_expires ON dashboard_session (expires_at);
COMMENT ON TABLE dashboard_session IS 'Who is logged in to the dashboard, on every node. The token itself is only in the cookie.';
COMMENT ON COLUMN dashboard_session.used_at IS 'Written at most once a minute; a session that is not used for long ends.';

CREATE TABLE login_link (
  token_hash bytea PRIMARY KEY,
  expires_at timestamptz NOT NULL
);
CREATE INDEX login_link_expires ON login_link (expires_at);
COMMENT ON TABLE login_link IS 'Links that log in once, until they expire; taken by deleting the row.';

-- Older programs insert keys without an id.
ALTER TABLE api_key
  ADD COLUMN key_id text COLLATE "C" NOT NULL DEFAULT 'key_' || replace(gen_random_uuid()::text, '-', ''),
  ADD COLUMN last_used_at timestamptz;
CREATE UNIQUE INDEX api_key_by_id ON api_key (environment_id, key_id);
COMMENT ON COLUMN api_key.last_used_at IS 'Written at most once a minute.';
