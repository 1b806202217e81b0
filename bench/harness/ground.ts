/**
 * A database as the product leaves it before anybody has published: migrated, with environments, a
 * known key, applications and endpoints; and backlogs that stand in it before a server starts.
 */
import { randomBytes, randomFillSync } from "node:crypto";
import { bucketOf } from "../../src/core/bucket.ts";
import { IdSource, type IdPrefix } from "../../src/core/ids.ts";
import { formatSecret } from "../../src/core/signature.ts";
import { formatPrivateKey, SEED_BYTES, type SecretType } from "../../src/core/signing-secret.ts";
import { createApplication } from "../../src/storage/applications/create-application.ts";
import { createEndpoint } from "../../src/storage/endpoints/create-endpoint.ts";
import { bootstrap } from "../../src/storage/environments/bootstrap.ts";
import { migrate } from "../../src/storage/migrate.ts";
import { ensurePartitions } from "../../src/storage/partitions/partitions.ts";
import { Storage } from "../../src/storage/storage.ts";
import { Vault } from "../../src/storage/vault.ts";
import { onCleanup } from "./cleanup.ts";
import { type Database, query } from "./database.ts";
import { EVENT_BODY, EVENT_TYPE } from "./event.ts";

const KEY_BYTES = 32;
const log = {
  debug: (): void => undefined,
  info: (): void => undefined,
  warn: console.warn,
  error: console.error,
};

const ids = new IdSource(Date.now, (bytes) => void randomFillSync(bytes));

export interface GroundEndpoint {
  applicationId: string;
  endpointId: string;
  url: string;
}

export interface Ground {
  url: string;
  apiKey: string;
  masterKey: string;
  storage: Storage;
  environmentId: string;
  defaultApplicationId: string;
}

/** A fresh ground in a database of its own. */
export async function prepareGround(database: Database): Promise<Ground> {
  const url = await database.create();
  await migrate(url);
  const masterKey = randomBytes(KEY_BYTES);
  const storage = new Storage({
    connectionUrl: url,
    vault: new Vault(masterKey),
    log,
    poolSize: 2,
  });
  onCleanup(() => storage.close());
  const apiKey = `sk_test_${randomBytes(KEY_BYTES).toString("base64url")}`;
  const { sandbox } = await bootstrap(storage, ids, {
    presetKeys: { sandbox: apiKey },
    generateKey: () => `sk_live_${randomBytes(KEY_BYTES).toString("base64url")}`,
  });
  await ensurePartitions(storage, Date.now());
  const { environmentId, defaultApplicationId } = sandbox;
  const key = masterKey.toString("base64");
  return { url, apiKey, masterKey: key, storage, environmentId, defaultApplicationId };
}

/** An application of the sandbox. @returns its id */
export async function addApplication(ground: Ground, uid: string): Promise<string> {
  const applicationId = ids.make("app_");
  const outcome = await createApplication(
    ground.storage,
    { environmentId: ground.environmentId, applicationId },
    { uid, name: uid, throttleRate: null, metadata: "{}" },
  );
  if (outcome.kind !== "done") throw new Error(`The application ${uid} could not be made.`);
  return applicationId;
}

/** With `channel` it gets only what is published to that channel. */
export async function addEndpoint(
  ground: Ground,
  url: string,
  options: { applicationId?: string; channel?: string; secretType?: SecretType } = {},
): Promise<GroundEndpoint> {
  const applicationId = options.applicationId ?? ground.defaultApplicationId;
  const endpointId = ids.make("ep_");
  const outcome = await createEndpoint(ground.storage, {
    environmentId: ground.environmentId,
    applicationId,
    endpointId,
    fields: {
      uid: null,
      url,
      description: "",
      version: 1,
      throttleRate: null,
      retryScheduleMs: null,
      disabled: false,
      disabledReason: null,
      eventTypes: null,
      channels: options.channel === undefined ? null : [options.channel],
      metadata: "{}",
    },
    secret:
      options.secretType === "ed25519"
        ? formatPrivateKey(randomBytes(SEED_BYTES))
        : formatSecret(randomBytes(24)),
    headers: null,
    credentials: null,
  });
  if (outcome.kind !== "done") throw new Error(`The endpoint could not be made: ${outcome.kind}.`);
  return { applicationId, endpointId, url };
}

const SUFFIX_DIGITS = 9;

/** Of this moment; a row number follows, so that ids made in SQL sort as those made by the product. */
function idStem(prefix: IdPrefix): string {
  return ids.make(prefix).slice(0, -SUFFIX_DIGITS);
}

/** Stored deliveries that are due, in turn over the endpoints, as if published a moment ago. */
export async function addBacklog(
  ground: Ground,
  endpoints: GroundEndpoint[],
  deliveries: number,
): Promise<void> {
  await query(
    ground.url,
    `WITH target AS (
       SELECT * FROM unnest($1::text[], $2::text[], $3::smallint[]) WITH ORDINALITY
         AS t(application_id, endpoint_id, bucket, number)
     ),
     event AS (
       SELECT t.*, n, $4 || lpad(n::text, ${SUFFIX_DIGITS}, '0') AS message_id
       FROM generate_series(0, $5::int - 1) AS n
       JOIN target t ON t.number = 1 + n % cardinality($1::text[])
     ),
     message AS (
       INSERT INTO message (application_id, message_id, event_type, payload)
       SELECT application_id, message_id, '${EVENT_TYPE}', convert_to($6, 'UTF8') FROM event
     )
     INSERT INTO delivery (application_id, endpoint_id, message_id, bucket, due_at)
     SELECT application_id, endpoint_id, message_id, bucket,
       date_trunc('milliseconds', now()) + n / 1000 * interval '1 millisecond' - interval '60 seconds'
     FROM event`,
    [
      endpoints.map(({ applicationId }) => applicationId),
      endpoints.map(({ endpointId }) => endpointId),
      endpoints.map(({ endpointId }) => bucketOf(endpointId)),
      idStem("msg_"),
      deliveries,
      EVENT_BODY,
    ],
  );
  await settle(ground);
}

/** Statistics and a checkpoint, so that no run pays for the preparation. */
export async function settle(ground: Ground): Promise<void> {
  await query(ground.url, "VACUUM (ANALYZE) message, attempt, delivery");
  // Not everybody may; then it is the operator's timing.
  await query(ground.url, "CHECKPOINT").catch(() => undefined);
}

export interface Stored {
  delivered: number;
  failed: number;
  owed: number;
}

export async function countStored(ground: Ground): Promise<Stored> {
  const [row] = await query<{ delivered: string; failed: string; owed: string }>(
    ground.url,
    `SELECT count(*) FILTER (WHERE succeeded) AS delivered,
       count(*) FILTER (WHERE NOT succeeded) AS failed,
       (SELECT count(*) FROM delivery) AS owed
     FROM attempt`,
  );
  if (row === undefined) throw new Error("The database did not answer.");
  return {
    delivered: Number(row.delivered),
    failed: Number(row.failed),
    owed: Number(row.owed),
  };
}

/** Messages that were delivered to the endpoint at the first attempt a moment ago, and counted since. */
export async function addHistory(
  ground: Ground,
  endpoint: GroundEndpoint,
  messages: number,
): Promise<void> {
  await query(
    ground.url,
    `WITH event AS (
       SELECT $3 || lpad(n::text, ${SUFFIX_DIGITS}, '0') AS message_id,
         $4 || lpad(n::text, ${SUFFIX_DIGITS}, '0') AS attempt_id
       FROM generate_series(1, $5::int) AS n
     ),
     message AS (
       INSERT INTO message (application_id, message_id, event_type, payload)
       SELECT $1, message_id, '${EVENT_TYPE}', convert_to($6, 'UTF8') FROM event
     ),
     counted AS (
       INSERT INTO attempt_count_position (application_id, endpoint_id, counted_to)
       SELECT $1, $2, max(attempt_id) FROM event
     )
     INSERT INTO attempt (application_id, attempt_id, endpoint_id, message_id, event_type, trigger,
       succeeded, response_status, response_body, duration_ms, url, attempted_at)
     SELECT $1, attempt_id, $2, message_id, '${EVENT_TYPE}', 0, true, 200, 'ok', 2, $7, now() FROM event`,
    [
      endpoint.applicationId,
      endpoint.endpointId,
      idStem("msg_"),
      idStem("atmpt_"),
      messages,
      EVENT_BODY,
      endpoint.url,
    ],
  );
  await settle(ground);
}
