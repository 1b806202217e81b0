-- Counters and grouped failures, made out of the attempts in the background (engine/attempt-counter.ts).

CREATE TABLE attempt_count (
  application_id text COLLATE "C" NOT NULL,
  endpoint_id text COLLATE "C" NOT NULL,
  seconds smallint NOT NULL CHECK (seconds IN (60, 3600)),
  starts_at timestamptz NOT NULL,
  attempts integer NOT NULL,
  successes integer NOT NULL,
  durations integer[] NOT NULL,
  PRIMARY KEY (application_id, endpoint_id, seconds, starts_at)
) WITH (fillfactor = 70);
CREATE INDEX attempt_count_by_age ON attempt_count (seconds, starts_at);
COMMENT ON TABLE attempt_count IS 'Attempts of an endpoint that began within a minute or an hour.';
COMMENT ON COLUMN attempt_count.durations IS 'Attempts by how long they took: one number per class of core/durations.ts.';

CREATE TABLE attempt_count_position (
  application_id text COLLATE "C" NOT NULL,
  endpoint_id text COLLATE "C" NOT NULL,
  counted_to text COLLATE "C" NOT NULL,
  PRIMARY KEY (application_id, endpoint_id)
) WITH (fillfactor = 70);
COMMENT ON COLUMN attempt_count_position.counted_to IS 'Every attempt up to this id is counted; changes together with the counters.';

CREATE TABLE issue (
  application_id text COLLATE "C" NOT NULL,
  issue_id text COLLATE "C" NOT NULL,
  endpoint_id text COLLATE "C" NOT NULL,
  cause text COLLATE "C" NOT NULL,
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'acknowledged', 'resolved')),
  first_seen_at timestamptz NOT NULL,
  opened_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  attempts bigint NOT NULL,
  reopened integer NOT NULL DEFAULT 0,
  last_attempt_id text COLLATE "C" NOT NULL,
  last_message_id text COLLATE "C" NOT NULL,
  last_error text,
  state_changed_at timestamptz,
  PRIMARY KEY (application_id, issue_id),
  UNIQUE (application_id, endpoint_id, cause)
);
CREATE INDEX issue_by_last_attempt ON issue (application_id, last_attempt_id);
CREATE INDEX issue_by_age ON issue (last_attempt_id);
COMMENT ON TABLE issue IS 'Failed attempts of an endpoint with the same cause.';
COMMENT ON COLUMN issue.cause IS 'An error code, or http_ and the status.';
COMMENT ON COLUMN issue.opened_at IS 'Its first failure, or the first after it was resolved.';
COMMENT ON COLUMN issue.state_changed_at IS 'When people acknowledged or resolved it; a failure that began later opens a resolved one again.';

CREATE INDEX endpoint_by_bucket ON endpoint (bucket, endpoint_id);
COMMENT ON INDEX endpoint_by_bucket IS 'What a new owner of a bucket has to count on.';
