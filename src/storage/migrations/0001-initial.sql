-- The first schema. Words as in src/core/types.ts. Ids are text in C collation, so that they sort by time.
-- Tenant first: environment or application leads every key, so that the schema can be sharded by tenant.

CREATE TABLE instance (
  name text PRIMARY KEY,
  value text NOT NULL
);
COMMENT ON TABLE instance IS 'Facts about this installation, e.g. the fingerprint of the master key.';

CREATE TABLE environment (
  environment_id text COLLATE "C" PRIMARY KEY,
  mode text NOT NULL UNIQUE CHECK (mode IN ('sandbox', 'live')),
  default_application_id text COLLATE "C" NOT NULL,
  operational_application_id text COLLATE "C",
  created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN environment.operational_application_id IS 'Hidden application whose endpoints hear of endpoints and attempts of the others.';

CREATE TABLE api_key (
  key_hash bytea PRIMARY KEY,
  environment_id text COLLATE "C" NOT NULL REFERENCES environment,
  name text NOT NULL,
  scope text NOT NULL CHECK (scope IN ('full', 'read')),
  hint text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz
);
COMMENT ON COLUMN api_key.key_hash IS 'SHA-256 of the key; the key itself is shown once and never stored.';
COMMENT ON COLUMN api_key.hint IS 'Prefix and last four characters, so that people can tell keys apart.';

CREATE TABLE application (
  environment_id text COLLATE "C" NOT NULL REFERENCES environment,
  application_id text COLLATE "C" NOT NULL,
  uid text COLLATE "C",
  name text NOT NULL,
  throttle_rate integer,
  metadata text NOT NULL DEFAULT '{}',
  tokens_since timestamptz,
  hidden boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  PRIMARY KEY (environment_id, application_id)
);
CREATE UNIQUE INDEX application_uid ON application (environment_id, uid) WHERE deleted_at IS NULL;
COMMENT ON COLUMN application.tokens_since IS 'Tokens issued before it and without a row in portal_session are refused.';

CREATE TABLE portal_session (
  application_id text COLLATE "C" NOT NULL,
  token_id text COLLATE "C" NOT NULL,
  session_id text COLLATE "C",
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (application_id, token_id)
);
CREATE INDEX portal_session_expires ON portal_session (expires_at);
COMMENT ON TABLE portal_session IS 'Application tokens that were given to portals; without its row a token is refused. The token itself is not stored.';

CREATE TABLE event_type (
  environment_id text COLLATE "C" NOT NULL REFERENCES environment,
  name text COLLATE "C" NOT NULL,
  description text NOT NULL,
  archived boolean NOT NULL DEFAULT false,
  deprecated boolean NOT NULL DEFAULT false,
  schemas text,
  feature_flags text[],
  group_name text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (environment_id, name)
);
COMMENT ON COLUMN event_type.schemas IS 'JSON text as it was sent: version to JSON Schema.';

CREATE TABLE endpoint (
  application_id text COLLATE "C" NOT NULL,
  endpoint_id text COLLATE "C" NOT NULL,
  environment_id text COLLATE "C" NOT NULL REFERENCES environment,
  bucket smallint NOT NULL,
  uid text COLLATE "C",
  url text NOT NULL,
  credentials bytea,
  description text NOT NULL DEFAULT '',
  version integer NOT NULL DEFAULT 1,
  throttle_rate integer,
  disabled boolean NOT NULL DEFAULT false,
  disabled_reason text,
  event_types text[],
  channels text[],
  headers bytea,
  metadata text NOT NULL DEFAULT '{}',
  failing_since timestamptz,
  revision bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  PRIMARY KEY (application_id, endpoint_id)
);
CREATE UNIQUE INDEX endpoint_uid ON endpoint (application_id, uid) WHERE deleted_at IS NULL;
COMMENT ON COLUMN endpoint.bucket IS 'Hash of the endpoint id: which share of the work its deliveries belong to.';
COMMENT ON COLUMN endpoint.credentials IS 'Sealed {user, password} of Basic auth, taken out of the URL.';
COMMENT ON COLUMN endpoint.headers IS 'Sealed JSON object of custom headers.';
COMMENT ON COLUMN endpoint.failing_since IS 'First failed attempt after the last success; null while healthy.';
COMMENT ON COLUMN endpoint.revision IS 'Grows with every change that deliveries must see (URL, headers, secrets, disabled).';

CREATE TABLE endpoint_secret (
  application_id text COLLATE "C" NOT NULL,
  endpoint_id text COLLATE "C" NOT NULL,
  secret_number integer NOT NULL,
  sealed bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  PRIMARY KEY (application_id, endpoint_id, secret_number)
);
COMMENT ON COLUMN endpoint_secret.expires_at IS 'Null: the current secret. Set at rotation: signs beside the new one until then.';

-- Other nodes keep endpoints in memory; whatever changes one tells them.
CREATE FUNCTION notify_endpoint_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('amps_endpoint', NEW.endpoint_id);
  RETURN NULL;
END $$;
CREATE TRIGGER endpoint_changed AFTER UPDATE ON endpoint FOR EACH ROW
WHEN (OLD.revision <> NEW.revision) EXECUTE FUNCTION notify_endpoint_changed();

-- The rate of an application is shared by the nodes that own its endpoints.
CREATE FUNCTION notify_application_rate_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('amps_endpoint', NEW.application_id);
  RETURN NULL;
END $$;
CREATE TRIGGER application_rate_changed AFTER UPDATE ON application FOR EACH ROW
WHEN (OLD.throttle_rate IS DISTINCT FROM NEW.throttle_rate)
EXECUTE FUNCTION notify_application_rate_changed();

CREATE FUNCTION notify_application_spread() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('amps_endpoint', application_id) FROM application
  WHERE environment_id = NEW.environment_id AND application_id = NEW.application_id
    AND throttle_rate IS NOT NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER application_spread_grown AFTER INSERT ON endpoint FOR EACH ROW
EXECUTE FUNCTION notify_application_spread();
CREATE TRIGGER application_spread_changed AFTER UPDATE ON endpoint FOR EACH ROW
WHEN (OLD.disabled <> NEW.disabled OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at)
EXECUTE FUNCTION notify_application_spread();

CREATE TABLE message (
  application_id text COLLATE "C" NOT NULL,
  message_id text COLLATE "C" NOT NULL,
  event_id text COLLATE "C",
  event_type text COLLATE "C" NOT NULL,
  channels text[],
  tags text[],
  payload bytea,
  created_at timestamptz NOT NULL DEFAULT now(),
  deliver_at timestamptz,
  payload_expires_at timestamptz,
  PRIMARY KEY (application_id, message_id)
) PARTITION BY RANGE (message_id);
CREATE INDEX message_payload_expires ON message (payload_expires_at) WHERE payload_expires_at IS NOT NULL AND payload IS NOT NULL;
ALTER TABLE message ALTER COLUMN payload SET STORAGE EXTERNAL;
COMMENT ON COLUMN message.deliver_at IS 'Not sent before; null: at once.';
COMMENT ON COLUMN message.payload_expires_at IS 'When the caller wants its payload gone; null: with the message.';
COMMENT ON COLUMN message.payload IS 'The bytes that came in, signed and sent as they are. Null once expunged.';
CREATE TABLE message_other PARTITION OF message DEFAULT;

CREATE TABLE message_event_id (
  application_id text COLLATE "C" NOT NULL,
  event_id text COLLATE "C" NOT NULL,
  message_id text COLLATE "C" NOT NULL,
  PRIMARY KEY (application_id, event_id)
);
CREATE INDEX message_event_id_by_message ON message_event_id (message_id);
COMMENT ON INDEX message_event_id_by_message IS 'By age: rows go when the partition of their message does.';
COMMENT ON TABLE message_event_id IS 'Makes a caller''s event id unique per application (a partitioned table cannot).';

-- The hot table: only what is still owed. Delivered or exhausted rows are deleted; history is in attempt.
CREATE TABLE delivery (
  application_id text COLLATE "C" NOT NULL,
  endpoint_id text COLLATE "C" NOT NULL,
  message_id text COLLATE "C" NOT NULL,
  trigger smallint NOT NULL DEFAULT 0,
  bucket smallint NOT NULL,
  attempts smallint NOT NULL DEFAULT 0,
  due_at timestamptz NOT NULL,
  PRIMARY KEY (application_id, endpoint_id, message_id, trigger)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX delivery_due ON delivery (bucket, endpoint_id, due_at);
COMMENT ON COLUMN delivery.trigger IS '0 scheduled: the retry chain. 1 manual: one single attempt (resend, recover).';
COMMENT ON COLUMN delivery.attempts IS 'Failed attempts of the chain so far; the index into the retry schedule.';

CREATE TABLE attempt (
  application_id text COLLATE "C" NOT NULL,
  attempt_id text COLLATE "C" NOT NULL,
  endpoint_id text COLLATE "C" NOT NULL,
  message_id text COLLATE "C" NOT NULL,
  event_type text COLLATE "C" NOT NULL,
  channels text[],
  trigger smallint NOT NULL,
  succeeded boolean NOT NULL,
  response_status smallint NOT NULL,
  response_body bytea NOT NULL,
  response_truncated boolean NOT NULL DEFAULT false,
  duration_ms integer NOT NULL,
  error_code text,
  error_message text,
  url text NOT NULL,
  attempted_at timestamptz NOT NULL,
  next_attempt_at timestamptz,
  -- An attempt is always asked for through its message: one index serves both.
  PRIMARY KEY (application_id, message_id, attempt_id)
) PARTITION BY RANGE (attempt_id);
CREATE INDEX attempt_by_endpoint ON attempt (application_id, endpoint_id, attempt_id);
CREATE TABLE attempt_other PARTITION OF attempt DEFAULT;
COMMENT ON COLUMN attempt.response_status IS 'HTTP status; 0 when there was no HTTP response.';
COMMENT ON COLUMN attempt.response_body IS 'First 16 KiB of the response.';
COMMENT ON COLUMN attempt.next_attempt_at IS 'When the chain tries again; null: it ended with this attempt.';

CREATE TABLE background_task (
  environment_id text COLLATE "C" NOT NULL REFERENCES environment,
  task_id text COLLATE "C" NOT NULL,
  kind text NOT NULL,
  application_id text COLLATE "C" NOT NULL,
  endpoint_id text COLLATE "C",
  bucket smallint NOT NULL,
  status text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'finished', 'failed', 'canceled')),
  filter text NOT NULL DEFAULT '{}',
  start_position text COLLATE "C" NOT NULL,
  position text COLLATE "C" NOT NULL,
  end_position text COLLATE "C" NOT NULL,
  changed bigint NOT NULL DEFAULT 0,
  failure text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (environment_id, task_id)
);
CREATE INDEX background_task_running ON background_task (bucket) WHERE status = 'running';
COMMENT ON TABLE background_task IS 'Long work asked for through the API: a walk over ids, one batch per commit, by the owner of its bucket.';
COMMENT ON COLUMN background_task.position IS 'Every id up to here is done; changes together with what was done.';
COMMENT ON COLUMN background_task.changed IS 'Messages sent again, or expunged.';

CREATE TABLE idempotency (
  environment_id text COLLATE "C" NOT NULL,
  key_hash bytea NOT NULL,
  request_hash bytea NOT NULL,
  resource_id text COLLATE "C",
  status smallint,
  body text,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (environment_id, key_hash)
);
CREATE INDEX idempotency_created ON idempotency (created_at);
COMMENT ON COLUMN idempotency.key_hash IS 'SHA-256 of key, method and path, so that a key is local to its operation.';
COMMENT ON COLUMN idempotency.status IS 'Null while the first request still runs, or when resource_id names what was made.';

CREATE SEQUENCE node_lock_number AS integer CYCLE;
CREATE TABLE node (
  node_id text COLLATE "C" PRIMARY KEY,
  lock_number integer NOT NULL,
  roles text[] NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
COMMENT ON COLUMN node.lock_number IS 'The node holds the session advisory lock of this number: a free lock means a dead node.';

CREATE TABLE bucket_lease (
  kind text COLLATE "C" NOT NULL CHECK (kind IN ('delivery', 'device')),
  bucket smallint NOT NULL,
  node_id text COLLATE "C",
  epoch bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, bucket)
);
INSERT INTO bucket_lease (kind, bucket)
SELECT kind, bucket FROM unnest(ARRAY['delivery', 'device']) AS kind, generate_series(0, 63) AS bucket;

CREATE TABLE device (
  environment_id text COLLATE "C" NOT NULL REFERENCES environment,
  device_id text COLLATE "C" NOT NULL,
  bucket smallint NOT NULL,
  device_type text NOT NULL DEFAULT 'battery',
  connector text NOT NULL,
  config text NOT NULL DEFAULT '{}',
  name text NOT NULL,
  user_id text,
  state text,
  observed_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (environment_id, device_id)
);
COMMENT ON COLUMN device.state IS 'Last known state as JSON text, as the connector read it.';

CREATE TABLE action (
  environment_id text COLLATE "C" NOT NULL,
  action_id text COLLATE "C" NOT NULL,
  device_id text COLLATE "C" NOT NULL,
  device_type text NOT NULL,
  bucket smallint NOT NULL,
  user_id text,
  command text NOT NULL,
  parameters text NOT NULL,
  sandbox text,
  state text NOT NULL CHECK (state IN ('scheduled', 'acknowledged', 'completed', 'failed', 'cancelled')),
  result_message text,
  error_code text,
  error_message text,
  start_at timestamptz,
  end_at timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  acknowledged_at timestamptz,
  completed_at timestamptz,
  PRIMARY KEY (environment_id, action_id),
  FOREIGN KEY (environment_id, device_id) REFERENCES device
);
CREATE UNIQUE INDEX action_open ON action (environment_id, device_id) WHERE state IN ('scheduled', 'acknowledged');
CREATE INDEX action_by_device ON action (environment_id, device_id, action_id);
CREATE INDEX action_to_drive ON action (bucket, action_id) WHERE state = 'acknowledged';
COMMENT ON INDEX action_open IS 'One non-terminal action per device.';

CREATE TABLE dispatch_journal (
  environment_id text COLLATE "C" NOT NULL,
  action_id text COLLATE "C" NOT NULL,
  dispatch_number smallint NOT NULL,
  device_id text COLLATE "C" NOT NULL,
  epoch bigint NOT NULL,
  plan_hash text NOT NULL,
  intended_at timestamptz NOT NULL,
  outcome text,
  outcome_at timestamptz,
  PRIMARY KEY (environment_id, action_id, dispatch_number)
);
COMMENT ON TABLE dispatch_journal IS 'Intent committed before the first byte to a device; a restart that finds no outcome reads, never resends.';

CREATE TABLE sandbox_battery (
  device_id text COLLATE "C" PRIMARY KEY,
  memory text NOT NULL,
  writes bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE sandbox_battery IS 'The memory of a simulated battery: the far side of the sandbox connector, not ours to reason about.';
COMMENT ON COLUMN sandbox_battery.writes IS 'Physical writes so far: tests assert exactly one effect per action.';
