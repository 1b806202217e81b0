-- Made by `npm run schema` from the migrations; a test compares it.

TABLE action (
  environment_id text COLLATE "C" NOT NULL,
  action_id text COLLATE "C" NOT NULL,
  device_id text COLLATE "C" NOT NULL,
  device_type text NOT NULL,
  bucket smallint NOT NULL,
  user_id text,
  command text NOT NULL,
  parameters text NOT NULL,
  sandbox text,
  state text NOT NULL,
  result_message text,
  error_code text,
  error_message text,
  start_at timestamp with time zone,
  end_at timestamp with time zone,
  created_at timestamp with time zone NOT NULL,
  updated_at timestamp with time zone NOT NULL,
  acknowledged_at timestamp with time zone,
  completed_at timestamp with time zone,
  CONSTRAINT action_pkey PRIMARY KEY (environment_id, action_id),
  CONSTRAINT action_state_check CHECK ((state = ANY (ARRAY['scheduled'::text, 'acknowledged'::text, 'completed'::text, 'failed'::text, 'cancelled'::text]))),
)
CREATE INDEX action_by_device ON public.action USING btree (environment_id, device_id, action_id)
CREATE UNIQUE INDEX action_open ON public.action USING btree (environment_id, device_id) WHERE (state = ANY (ARRAY['scheduled'::text, 'acknowledged'::text]))  -- One non-terminal action per device.
CREATE INDEX action_to_drive ON public.action USING btree (bucket, action_id) WHERE (state = 'acknowledged'::text)

TABLE api_key (
  key_hash bytea NOT NULL,  -- SHA-256 of the key; the key itself is shown once and never stored.
  environment_id text COLLATE "C" NOT NULL,
  name text NOT NULL,
  scope text NOT NULL,
  hint text NOT NULL,  -- Prefix and last four characters, so that people can tell keys apart.
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  revoked_at timestamp with time zone,
  key_id text COLLATE "C" NOT NULL DEFAULT ('key_'::text || replace((gen_random_uuid())::text, '-'::text, ''::text)),
  last_used_at timestamp with time zone,  -- Written at most once a minute.
  CONSTRAINT api_key_environment_id_fkey FOREIGN KEY (environment_id) REFERENCES environment(environment_id),
  CONSTRAINT api_key_pkey PRIMARY KEY (key_hash),
  CONSTRAINT api_key_scope_check CHECK ((scope = ANY (ARRAY['full'::text, 'read'::text]))),
)
CREATE UNIQUE INDEX api_key_by_id ON public.api_key USING btree (environment_id, key_id)

TABLE application (
  environment_id text COLLATE "C" NOT NULL,
  application_id text COLLATE "C" NOT NULL,
  uid text COLLATE "C",
  name text NOT NULL,
  throttle_rate integer,
  metadata text NOT NULL DEFAULT '{}'::text,
  tokens_since timestamp with time zone,  -- Tokens issued before it and without a row in portal_session are refused.
  hidden boolean NOT NULL DEFAULT false,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  deleted_at timestamp with time zone,
  CONSTRAINT application_environment_id_fkey FOREIGN KEY (environment_id) REFERENCES environment(environment_id),
  CONSTRAINT application_pkey PRIMARY KEY (environment_id, application_id),
)
CREATE UNIQUE INDEX application_uid ON public.application USING btree (environment_id, uid) WHERE (deleted_at IS NULL)
CREATE TRIGGER application_rate_changed AFTER UPDATE ON public.application FOR EACH ROW WHEN ((old.throttle_rate IS DISTINCT FROM new.throttle_rate)) EXECUTE FUNCTION notify_application_rate_changed()

TABLE attempt (
  application_id text COLLATE "C" NOT NULL,
  attempt_id text COLLATE "C" NOT NULL,
  endpoint_id text COLLATE "C" NOT NULL,
  message_id text COLLATE "C" NOT NULL,
  event_type text COLLATE "C" NOT NULL,
  channels text[],
  trigger smallint NOT NULL,
  succeeded boolean NOT NULL,
  response_status smallint NOT NULL,  -- HTTP status; 0 when there was no HTTP response.
  response_body bytea NOT NULL,  -- First 16 KiB of the response.
  response_truncated boolean NOT NULL DEFAULT false,
  duration_ms integer NOT NULL,
  error_code text,
  error_message text,
  url text NOT NULL,
  attempted_at timestamp with time zone NOT NULL,
  next_attempt_at timestamp with time zone,  -- When the chain tries again; null: it ended with this attempt.
  signature text,  -- Value of svix-signature as sent; null: from before this column, or nothing was sent.
  response_headers text,  -- One per line, "name: value" as received; null: from before this column, or no answer came.
  CONSTRAINT attempt_pkey PRIMARY KEY (application_id, message_id, attempt_id),
) PARTITION BY RANGE (attempt_id)
CREATE INDEX attempt_by_endpoint ON ONLY public.attempt USING btree (application_id, endpoint_id, attempt_id)

-- Attempts of an endpoint that began within a minute or an hour.
TABLE attempt_count (
  application_id text COLLATE "C" NOT NULL,
  endpoint_id text COLLATE "C" NOT NULL,
  seconds smallint NOT NULL,
  starts_at timestamp with time zone NOT NULL,
  attempts integer NOT NULL,
  successes integer NOT NULL,
  durations integer[] NOT NULL,  -- Attempts by how long they took: one number per class of core/durations.ts.
  CONSTRAINT attempt_count_pkey PRIMARY KEY (application_id, endpoint_id, seconds, starts_at),
  CONSTRAINT attempt_count_seconds_check CHECK ((seconds = ANY (ARRAY[60, 3600]))),
)
  WITH fillfactor=70
CREATE INDEX attempt_count_by_age ON public.attempt_count USING btree (seconds, starts_at)

TABLE attempt_count_position (
  application_id text COLLATE "C" NOT NULL,
  endpoint_id text COLLATE "C" NOT NULL,
  counted_to text COLLATE "C" NOT NULL,  -- Every attempt up to this id is counted; changes together with the counters.
  CONSTRAINT attempt_count_position_pkey PRIMARY KEY (application_id, endpoint_id),
)
  WITH fillfactor=70

TABLE attempt_other (
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
  attempted_at timestamp with time zone NOT NULL,
  next_attempt_at timestamp with time zone,
  signature text,
  response_headers text,
  CONSTRAINT attempt_other_pkey PRIMARY KEY (application_id, message_id, attempt_id),
)
CREATE INDEX attempt_other_application_id_endpoint_id_attempt_id_idx ON public.attempt_other USING btree (application_id, endpoint_id, attempt_id)

-- Long work asked for through the API: a walk over ids, one batch per commit, by the owner of its bucket.
TABLE background_task (
  environment_id text COLLATE "C" NOT NULL,
  task_id text COLLATE "C" NOT NULL,
  kind text NOT NULL,
  application_id text COLLATE "C" NOT NULL,
  endpoint_id text COLLATE "C",
  bucket smallint NOT NULL,
  status text NOT NULL DEFAULT 'running'::text,
  filter text NOT NULL DEFAULT '{}'::text,
  start_position text COLLATE "C" NOT NULL,
  position text COLLATE "C" NOT NULL,  -- Every id up to here is done; changes together with what was done.
  end_position text COLLATE "C" NOT NULL,
  changed bigint NOT NULL DEFAULT 0,  -- Messages sent again, or expunged.
  failure text,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT background_task_environment_id_fkey FOREIGN KEY (environment_id) REFERENCES environment(environment_id),
  CONSTRAINT background_task_pkey PRIMARY KEY (environment_id, task_id),
  CONSTRAINT background_task_status_check CHECK ((status = ANY (ARRAY['running'::text, 'finished'::text, 'failed'::text, 'canceled'::text]))),
)
CREATE INDEX background_task_running ON public.background_task USING btree (bucket) WHERE (status = 'running'::text)

TABLE bucket_lease (
  kind text COLLATE "C" NOT NULL,
  bucket smallint NOT NULL,
  node_id text COLLATE "C",
  epoch bigint NOT NULL DEFAULT 0,
  CONSTRAINT bucket_lease_kind_check CHECK ((kind = ANY (ARRAY['delivery'::text, 'device'::text]))),
  CONSTRAINT bucket_lease_pkey PRIMARY KEY (kind, bucket),
)

-- Who is logged in to the dashboard, on every node. The token itself is only in the cookie.
TABLE dashboard_session (
  token_hash bytea NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  used_at timestamp with time zone NOT NULL DEFAULT now(),  -- Written at most once a minute; a session that is not used for long ends.
  expires_at timestamp with time zone NOT NULL,
  CONSTRAINT dashboard_session_pkey PRIMARY KEY (token_hash),
)
CREATE INDEX dashboard_session_expires ON public.dashboard_session USING btree (expires_at)

TABLE delivery (
  application_id text COLLATE "C" NOT NULL,
  endpoint_id text COLLATE "C" NOT NULL,
  message_id text COLLATE "C" NOT NULL,
  trigger smallint NOT NULL DEFAULT 0,  -- 0 scheduled: the retry chain. 1 manual: one single attempt (resend, recover).
  bucket smallint NOT NULL,
  attempts smallint NOT NULL DEFAULT 0,  -- Failed attempts of the chain so far; the index into the retry schedule.
  due_at timestamp with time zone NOT NULL,
  CONSTRAINT delivery_pkey PRIMARY KEY (application_id, endpoint_id, message_id, trigger),
)
  WITH autovacuum_vacuum_threshold=2000
  WITH autovacuum_vacuum_cost_delay=0
  WITH autovacuum_vacuum_scale_factor=0.1
CREATE INDEX delivery_due ON public.delivery USING btree (bucket, endpoint_id, due_at)

TABLE device (
  environment_id text COLLATE "C" NOT NULL,
  device_id text COLLATE "C" NOT NULL,
  bucket smallint NOT NULL,
  device_type text NOT NULL DEFAULT 'battery'::text,
  connector text NOT NULL,
  config text NOT NULL DEFAULT '{}'::text,
  name text NOT NULL,
  user_id text,
  state text,  -- Last known state as JSON text, as the connector read it.
  observed_at timestamp with time zone,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT device_environment_id_fkey FOREIGN KEY (environment_id) REFERENCES environment(environment_id),
  CONSTRAINT device_pkey PRIMARY KEY (environment_id, device_id),
)

-- Intent committed before the first byte to a device; a restart that finds no outcome reads, never resends.
TABLE dispatch_journal (
  environment_id text COLLATE "C" NOT NULL,
  action_id text COLLATE "C" NOT NULL,
  dispatch_number smallint NOT NULL,
  device_id text COLLATE "C" NOT NULL,
  epoch bigint NOT NULL,
  plan_hash text NOT NULL,
  intended_at timestamp with time zone NOT NULL,
  outcome text,
  outcome_at timestamp with time zone,
  CONSTRAINT dispatch_journal_pkey PRIMARY KEY (environment_id, action_id, dispatch_number),
)
  WITH fillfactor=50

TABLE endpoint (
  application_id text COLLATE "C" NOT NULL,
  endpoint_id text COLLATE "C" NOT NULL,
  environment_id text COLLATE "C" NOT NULL,
  bucket smallint NOT NULL,  -- Hash of the endpoint id: which share of the work its deliveries belong to.
  uid text COLLATE "C",
  url text NOT NULL,
  credentials bytea,  -- Sealed {user, password} of Basic auth, taken out of the URL.
  description text NOT NULL DEFAULT ''::text,
  version integer NOT NULL DEFAULT 1,
  throttle_rate integer,
  disabled boolean NOT NULL DEFAULT false,
  disabled_reason text,
  event_types text[],
  channels text[],
  headers bytea,  -- Sealed JSON object of custom headers.
  metadata text NOT NULL DEFAULT '{}'::text,
  failing_since timestamp with time zone,  -- First failed attempt after the last success; null while healthy.
  revision bigint NOT NULL DEFAULT 1,  -- Grows with every change that deliveries must see (URL, headers, secrets, disabled).
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  deleted_at timestamp with time zone,
  retry_schedule_ms integer[],  -- Delays after each failed attempt; null: those of the server.
  warned_at timestamp with time zone,  -- When its owner was last warned that it is failing; of an earlier failing period when before failing_since.
  disabled_at timestamp with time zone,  -- Since when it is disabled.
  CONSTRAINT endpoint_environment_id_fkey FOREIGN KEY (environment_id) REFERENCES environment(environment_id),
  CONSTRAINT endpoint_pkey PRIMARY KEY (application_id, endpoint_id),
)
CREATE INDEX endpoint_by_bucket ON public.endpoint USING btree (bucket, endpoint_id)  -- What a new owner of a bucket has to count on.
CREATE INDEX endpoint_failing ON public.endpoint USING btree (failing_since) WHERE ((failing_since IS NOT NULL) AND (NOT disabled) AND (deleted_at IS NULL))
CREATE UNIQUE INDEX endpoint_uid ON public.endpoint USING btree (application_id, uid) WHERE (deleted_at IS NULL)
CREATE TRIGGER application_spread_changed AFTER UPDATE ON public.endpoint FOR EACH ROW WHEN (((old.disabled <> new.disabled) OR (old.deleted_at IS DISTINCT FROM new.deleted_at))) EXECUTE FUNCTION notify_application_spread()
CREATE TRIGGER application_spread_grown AFTER INSERT ON public.endpoint FOR EACH ROW EXECUTE FUNCTION notify_application_spread()
CREATE TRIGGER endpoint_changed AFTER UPDATE ON public.endpoint FOR EACH ROW WHEN ((old.revision <> new.revision)) EXECUTE FUNCTION notify_endpoint_changed()

TABLE endpoint_secret (
  application_id text COLLATE "C" NOT NULL,
  endpoint_id text COLLATE "C" NOT NULL,
  secret_number integer NOT NULL,
  sealed bytea NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  expires_at timestamp with time zone,  -- Null: the current secret. Set at rotation: signs beside the new one until then.
  CONSTRAINT endpoint_secret_pkey PRIMARY KEY (application_id, endpoint_id, secret_number),
)

TABLE environment (
  environment_id text COLLATE "C" NOT NULL,
  mode text NOT NULL,
  default_application_id text COLLATE "C" NOT NULL,
  operational_application_id text COLLATE "C",  -- Hidden application whose endpoints hear of endpoints and attempts of the others.
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT environment_mode_check CHECK ((mode = ANY (ARRAY['sandbox'::text, 'live'::text]))),
  CONSTRAINT environment_mode_key UNIQUE (mode),
  CONSTRAINT environment_pkey PRIMARY KEY (environment_id),
)

TABLE event_type (
  environment_id text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  description text NOT NULL,
  archived boolean NOT NULL DEFAULT false,
  deprecated boolean NOT NULL DEFAULT false,
  schemas text,  -- JSON text as it was sent: version to JSON Schema.
  feature_flags text[],
  group_name text,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT event_type_environment_id_fkey FOREIGN KEY (environment_id) REFERENCES environment(environment_id),
  CONSTRAINT event_type_pkey PRIMARY KEY (environment_id, name),
)

TABLE idempotency (
  environment_id text COLLATE "C" NOT NULL,
  key_hash bytea NOT NULL,  -- SHA-256 of key, method and path, so that a key is local to its operation.
  request_hash bytea NOT NULL,
  resource_id text COLLATE "C",
  status smallint,  -- Null while the first request still runs, or when resource_id names what was made.
  body text,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT idempotency_pkey PRIMARY KEY (environment_id, key_hash),
)
CREATE INDEX idempotency_created ON public.idempotency USING btree (created_at)

-- Facts about this installation, e.g. the fingerprint of the master key.
TABLE instance (
  name text NOT NULL,
  value text NOT NULL,
  CONSTRAINT instance_pkey PRIMARY KEY (name),
)

-- Failed attempts of an endpoint with the same cause.
TABLE issue (
  application_id text COLLATE "C" NOT NULL,
  issue_id text COLLATE "C" NOT NULL,
  endpoint_id text COLLATE "C" NOT NULL,
  cause text COLLATE "C" NOT NULL,  -- An error code, or http_ and the status.
  state text NOT NULL DEFAULT 'open'::text,
  first_seen_at timestamp with time zone NOT NULL,
  opened_at timestamp with time zone NOT NULL,  -- Its first failure, or the first after it was resolved.
  last_seen_at timestamp with time zone NOT NULL,
  attempts bigint NOT NULL,
  reopened integer NOT NULL DEFAULT 0,
  last_attempt_id text COLLATE "C" NOT NULL,
  last_message_id text COLLATE "C" NOT NULL,
  last_error text,
  state_changed_at timestamp with time zone,  -- When people acknowledged or resolved it; a failure that began later opens a resolved one again.
  CONSTRAINT issue_application_id_endpoint_id_cause_key UNIQUE (application_id, endpoint_id, cause),
  CONSTRAINT issue_pkey PRIMARY KEY (application_id, issue_id),
  CONSTRAINT issue_state_check CHECK ((state = ANY (ARRAY['open'::text, 'acknowledged'::text, 'resolved'::text]))),
)
CREATE INDEX issue_by_age ON public.issue USING btree (last_attempt_id)
CREATE INDEX issue_by_last_attempt ON public.issue USING btree (application_id, last_attempt_id)

-- Links that log in once, until they expire; taken by deleting the row.
TABLE login_link (
  token_hash bytea NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  CONSTRAINT login_link_pkey PRIMARY KEY (token_hash),
)
CREATE INDEX login_link_expires ON public.login_link USING btree (expires_at)

TABLE message (
  application_id text COLLATE "C" NOT NULL,
  message_id text COLLATE "C" NOT NULL,
  event_id text COLLATE "C",
  event_type text COLLATE "C" NOT NULL,
  channels text[],
  tags text[],
  payload bytea STORAGE EXTERNAL,  -- The bytes that came in, signed and sent as they are. Null once expunged.
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  deliver_at timestamp with time zone,  -- Not sent before; null: at once.
  payload_expires_at timestamp with time zone,  -- When the caller wants its payload gone; null: with the message.
  CONSTRAINT message_pkey PRIMARY KEY (application_id, message_id),
) PARTITION BY RANGE (message_id)
CREATE INDEX message_payload_expires ON ONLY public.message USING btree (payload_expires_at) WHERE ((payload_expires_at IS NOT NULL) AND (payload IS NOT NULL))

-- Makes a caller's event id unique per application (a partitioned table cannot).
TABLE message_event_id (
  application_id text COLLATE "C" NOT NULL,
  event_id text COLLATE "C" NOT NULL,
  message_id text COLLATE "C" NOT NULL,
  CONSTRAINT message_event_id_pkey PRIMARY KEY (application_id, event_id),
)
CREATE INDEX message_event_id_by_message ON public.message_event_id USING btree (message_id)  -- By age: rows go when the partition of their message does.

TABLE message_other (
  application_id text COLLATE "C" NOT NULL,
  message_id text COLLATE "C" NOT NULL,
  event_id text COLLATE "C",
  event_type text COLLATE "C" NOT NULL,
  channels text[],
  tags text[],
  payload bytea STORAGE EXTERNAL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  deliver_at timestamp with time zone,
  payload_expires_at timestamp with time zone,
  CONSTRAINT message_other_pkey PRIMARY KEY (application_id, message_id),
)
CREATE INDEX message_other_payload_expires_at_idx ON public.message_other USING btree (payload_expires_at) WHERE ((payload_expires_at IS NOT NULL) AND (payload IS NOT NULL))

TABLE node (
  node_id text COLLATE "C" NOT NULL,
  lock_number integer NOT NULL,  -- The node holds the session advisory lock of this number: a free lock means a dead node.
  roles text[] NOT NULL,
  started_at timestamp with time zone NOT NULL DEFAULT now(),
  expires_at timestamp with time zone NOT NULL,
  CONSTRAINT node_pkey PRIMARY KEY (node_id),
)

SEQUENCE node_lock_number

-- Application tokens that were given to portals; without its row a token is refused. The token itself is not stored.
TABLE portal_session (
  application_id text COLLATE "C" NOT NULL,
  token_id text COLLATE "C" NOT NULL,
  session_id text COLLATE "C",
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  expires_at timestamp with time zone NOT NULL,
  CONSTRAINT portal_session_pkey PRIMARY KEY (application_id, token_id),
)
CREATE INDEX portal_session_expires ON public.portal_session USING btree (expires_at)

-- The memory of a simulated battery: the far side of the sandbox connector, not ours to reason about.
TABLE sandbox_battery (
  device_id text COLLATE "C" NOT NULL,
  memory text NOT NULL,
  writes bigint NOT NULL DEFAULT 0,  -- Physical writes so far: tests assert exactly one effect per action.
  CONSTRAINT sandbox_battery_pkey PRIMARY KEY (device_id),
)

CREATE OR REPLACE FUNCTION public.notify_application_rate_changed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  PERFORM pg_notify('amps_endpoint', NEW.application_id);
  RETURN NULL;
END $function$

CREATE OR REPLACE FUNCTION public.notify_application_spread()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  PERFORM pg_notify('amps_endpoint', application_id) FROM application
  WHERE environment_id = NEW.environment_id AND application_id = NEW.application_id
    AND throttle_rate IS NOT NULL;
  RETURN NULL;
END $function$

CREATE OR REPLACE FUNCTION public.notify_endpoint_changed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  PERFORM pg_notify('amps_endpoint', NEW.endpoint_id);
  RETURN NULL;
END $function$
