/** Rows that most tests need: an environment, its application, endpoints with a secret. */
import { randomBytes, randomFillSync } from "node:crypto";
import { bucketOf } from "../../src/core/bucket.ts";
import { IdSource } from "../../src/core/ids.ts";
import { formatSecret } from "../../src/core/signature.ts";
import type { AttemptRecord } from "../../src/storage/attempts/record-attempts.ts";
import type { Log } from "../../src/core/types.ts";
import type { PublishRequest } from "../../src/engine/publisher.ts";
import { endpointPlace } from "../../src/storage/endpoints/load-targets.ts";
import type { Row, Storage } from "../../src/storage/storage.ts";
import { Vault } from "../../src/storage/vault.ts";

/** The same for all nodes of a test process. */
export const testVault = new Vault(randomBytes(32));

export function createIds(now: () => number = Date.now): IdSource {
  return new IdSource(now, (bytes) => void randomFillSync(bytes));
}

const ids = createIds();

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Any SQL, for what a test sets up or looks at. */
export function sql<R extends Row>(
  storage: Storage,
  text: string,
  values: unknown[] = [],
): Promise<R[]> {
  return storage.query<R>({ name: "", text }, values);
}

export interface Tenant {
  environmentId: string;
  applicationId: string;
}

/** The sandbox environment (made on first use) with a new application. */
export async function createTenant(storage: Storage): Promise<Tenant> {
  const applicationId = ids.make("app_");
  await sql(
    storage,
    `INSERT INTO environment (environment_id, mode, default_application_id)
     VALUES ($1, 'sandbox', $2) ON CONFLICT DO NOTHING`,
    [ids.make("org_"), applicationId],
  );
  const [environment] = await sql<{ environment_id: string }>(
    storage,
    "SELECT environment_id FROM environment WHERE mode = 'sandbox'",
  );
  if (environment === undefined) throw new Error("The environment was not made.");
  const environmentId = environment.environment_id;
  await sql(
    storage,
    "INSERT INTO application (environment_id, application_id, name) VALUES ($1, $2, 'test')",
    [environmentId, applicationId],
  );
  return { environmentId, applicationId };
}

export interface TestEndpoint {
  applicationId: string;
  endpointId: string;
  bucket: number;
  url: string;
  secret: string;
}

export interface EndpointChanges {
  url?: string;
  eventTypes?: string[] | null;
  channels?: string[] | null;
  disabled?: boolean;
  /** Draws ids until the endpoint falls into this bucket. */
  bucket?: number;
}

function idInBucket(bucket: number | undefined): string {
  for (;;) {
    const id = ids.make("ep_");
    if (bucket === undefined || bucketOf(id) === bucket) return id;
  }
}

export async function createEndpoint(
  storage: Storage,
  tenant: Tenant,
  changes: EndpointChanges = {},
): Promise<TestEndpoint> {
  const { applicationId, environmentId } = tenant;
  const endpointId = idInBucket(changes.bucket);
  const bucket = bucketOf(endpointId);
  const { url = `http://receiver.test/${endpointId}`, disabled = false } = changes;
  await sql(
    storage,
    `INSERT INTO endpoint (application_id, endpoint_id, environment_id, bucket, url, event_types,
       channels, disabled) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      applicationId,
      endpointId,
      environmentId,
      bucket,
      url,
      changes.eventTypes ?? null,
      changes.channels ?? null,
      disabled,
    ],
  );
  const secret = formatSecret(randomBytes(24));
  const endpoint = { applicationId, endpointId, bucket, url, secret };
  await addSecret(storage, endpoint, secret);
  return endpoint;
}

/** Makes `secret` the newest of the endpoint; with `oldExpiresAt` the others sign until then. */
export async function addSecret(
  storage: Storage,
  endpoint: TestEndpoint,
  secret: string,
  oldExpiresAt?: number,
): Promise<void> {
  const { applicationId, endpointId } = endpoint;
  if (oldExpiresAt !== undefined) {
    await sql(
      storage,
      `UPDATE endpoint_secret SET expires_at = to_timestamp($3::float8 / 1000)
       WHERE application_id = $1 AND endpoint_id = $2 AND expires_at IS NULL`,
      [applicationId, endpointId, oldExpiresAt],
    );
  }
  await sql(
    storage,
    `INSERT INTO endpoint_secret (application_id, endpoint_id, secret_number, sealed)
     SELECT $1, $2, count(*) + 1, $3 FROM endpoint_secret
     WHERE application_id = $1 AND endpoint_id = $2`,
    [applicationId, endpointId, storage.vault.seal(secret, endpointPlace(endpointId, "secret"))],
  );
}

/** Changes columns of an endpoint as the API does: with a new revision, which tells the nodes. */
export async function changeEndpoint(
  storage: Storage,
  endpoint: TestEndpoint,
  assignments: string,
  values: unknown[] = [],
): Promise<void> {
  await sql(
    storage,
    `UPDATE endpoint SET revision = revision + 1, ${assignments}
     WHERE application_id = $1 AND endpoint_id = $2`,
    [endpoint.applicationId, endpoint.endpointId, ...values],
  );
}

export function publishRequest(
  tenant: Tenant,
  changes: Partial<PublishRequest> = {},
): PublishRequest {
  return {
    ...tenant,
    eventId: null,
    eventType: "push.completed",
    channels: null,
    tags: null,
    payload: Buffer.from('{"actionId":"act_1"}'),
    idempotency: null,
    ...changes,
  };
}

/** What a delivered attempt at a delivery of its own leaves behind. */
export function attemptRecord(
  { applicationId }: Tenant,
  changes: Partial<AttemptRecord> = {},
): AttemptRecord {
  return {
    bucket: 0,
    epoch: 1,
    applicationId,
    endpointId: "ep_1",
    messageId: ids.make("msg_"),
    trigger: 0,
    attemptId: ids.make("atmpt_"),
    eventType: "push.completed",
    channels: null,
    succeeded: true,
    responseStatus: 200,
    responseBody: Buffer.from("ok"),
    responseTruncated: false,
    responseHeaders: "content-type: text/plain",
    signature: "v1,c2lnbmVk",
    durationMs: 12,
    errorCode: null,
    errorMessage: null,
    url: "http://receiver.test/",
    attemptedAt: Date.now(),
    retryDelayMs: null,
    ...changes,
  };
}
