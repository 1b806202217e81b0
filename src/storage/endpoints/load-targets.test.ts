import { createHmac, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../test/support/database.ts";
import {
  addSecret,
  changeEndpoint,
  createEndpoint,
  createTenant,
  sql,
  type Tenant,
  type TestEndpoint,
} from "../../../test/support/factories.ts";
import { type FaultyStorage, openStorage } from "../../../test/support/test-node.ts";
import { Events } from "../../../test/support/events.ts";
import { Session } from "../nodes/session.ts";
import { formatSecret, parseSecret, signatureHeader } from "../../core/signature.ts";
import { endpointPlace, loadTargets, type Target } from "./load-targets.ts";
import { disableEndpoint, noteEndpointHealth } from "./note-health.ts";

const NOW = 1_800_000_000_000;
let now = NOW;
let database: TestDatabase;
let storage: FaultyStorage;
let tenant: Tenant;

beforeAll(async () => {
  database = await createTestDatabase();
  storage = openStorage(database.url, { now: () => now });
  tenant = await createTenant(storage);
});

afterAll(async () => {
  await storage.close();
  await database.drop();
});

async function load(endpoint: TestEndpoint): Promise<Target> {
  const [target] = await loadTargets(storage, [endpoint]);
  if (target === undefined) throw new Error("The endpoint was not found.");
  return target;
}

async function seal(endpoint: TestEndpoint, field: string, value: object): Promise<void> {
  const place = endpointPlace(endpoint.endpointId, field);
  const sealed = storage.vault.seal(JSON.stringify(value), place);
  // A column of ours, not input.
  const text = `UPDATE endpoint SET ${field} = $2 WHERE endpoint_id = $1`;
  await sql(storage, text, [endpoint.endpointId, sealed]);
}

const CONTENT = { messageId: "msg_1", timestampSeconds: 1, body: Buffer.from("{}") };

/** By what its keys sign, as a key does not show what it is. */
const signing = ({ keys }: Target): { signature: string; expiresAt: number | null }[] =>
  keys.map(({ key, expiresAt }) => ({ signature: signatureHeader([key], CONTENT), expiresAt }));

const signatureBy = (secret: string): string => {
  const parsed = parseSecret(secret);
  if (!parsed.ok) throw new Error(parsed.message);
  return `v1,${createHmac("sha256", parsed.key).update("msg_1.1.{}").digest("base64")}`;
};

describe("loadTargets", () => {
  test("gives what an attempt needs", async () => {
    const endpoint = await createEndpoint(storage, tenant);
    const loaded = await load(endpoint);
    expect({ ...loaded, keys: signing(loaded) }).toEqual({
      applicationId: tenant.applicationId,
      endpointId: endpoint.endpointId,
      url: endpoint.url,
      disabled: false,
      deleted: false,
      revision: 1,
      failingSince: null,
      throttleRate: null,
      retryScheduleMs: null,
      applicationThrottleRate: null,
      applicationBuckets: [],
      headers: { accept: "*/*" },
      keys: [{ signature: signatureBy(endpoint.secret), expiresAt: null }],
      sealBroken: null,
    });
  });

  test("gives the rate of the application, and the buckets that share it", async () => {
    const limited = await createTenant(storage);
    const made = [3, 3, 5, 7].map((bucket) =>
      createEndpoint(storage, limited, { bucket, disabled: bucket === 7 }),
    );
    const [first] = await Promise.all(made);
    if (first === undefined) throw new Error("Four were made.");
    await sql(storage, "UPDATE application SET throttle_rate = 9 WHERE application_id = $1", [
      limited.applicationId,
    ]);
    const { applicationThrottleRate, applicationBuckets } = await load(first);
    expect(applicationThrottleRate).toBe(9);
    expect(applicationBuckets.toSorted()).toEqual([3, 5]);
  });

  test("nodes are told when the rate of an application or its spread changes, and only then", async () => {
    const events = new Events();
    const told: string[] = [];
    const session = await Session.open(storage, {
      onNotification: (_, payload) => {
        told.push(payload);
        events.signal();
      },
      onLost: () => undefined,
    });
    const mine = await createTenant(storage);
    const { applicationId } = mine;
    const set = (assignment: string): Promise<unknown> =>
      sql(storage, `UPDATE application SET ${assignment} WHERE application_id = $1`, [
        applicationId,
      ]);
    await createEndpoint(storage, mine);
    await set("name = 'another'");
    await set("throttle_rate = 5");
    const endpoint = await createEndpoint(storage, mine);
    await changeEndpoint(storage, endpoint, "disabled = true");
    await events.until(() => told.length >= 4);
    // The endpoint itself is told of as ever.
    expect(told.toSorted()).toEqual([
      applicationId,
      applicationId,
      applicationId,
      endpoint.endpointId,
    ]);
    await session.close();
  });

  test("opens custom headers; Basic auth comes from the URL's credentials", async () => {
    const endpoint = await createEndpoint(storage, tenant);
    await seal(endpoint, "headers", { "X-Mine": "1", __proto__x: "2", Accept: "text/plain" });
    await seal(endpoint, "credentials", { user: "me", password: "pass:wörd" });
    expect((await load(endpoint)).headers).toEqual({
      "X-Mine": "1",
      __proto__x: "2",
      Accept: "text/plain",
      authorization: `Basic ${Buffer.from("me:pass:wörd").toString("base64")}`,
    });
  });

  test("an Authorization header of its own wins over the URL's credentials", async () => {
    const endpoint = await createEndpoint(storage, tenant);
    await seal(endpoint, "headers", { AUTHORIZATION: "Bearer x" });
    await seal(endpoint, "credentials", { user: "me", password: "p" });
    expect((await load(endpoint)).headers).toEqual({ AUTHORIZATION: "Bearer x", accept: "*/*" });
  });

  test("a rotated secret signs behind the new one until it expires", async () => {
    const endpoint = await createEndpoint(storage, tenant);
    const middle = formatSecret(randomBytes(24));
    const newest = formatSecret(randomBytes(75));
    await addSecret(storage, endpoint, middle, NOW + 1_000);
    await addSecret(storage, endpoint, newest, NOW + 2_000);
    const inOrder = [
      { signature: signatureBy(newest), expiresAt: null },
      { signature: signatureBy(middle), expiresAt: NOW + 2_000 },
      { signature: signatureBy(endpoint.secret), expiresAt: NOW + 1_000 },
    ];
    expect(signing(await load(endpoint))).toEqual(inOrder);
    now = NOW + 1_500;
    expect(signing(await load(endpoint))).toEqual(inOrder.slice(0, 2));
    now = NOW;
  });

  test("one endpoint whose seal is broken does not keep the others from being loaded", async () => {
    const broken = await createEndpoint(storage, tenant);
    const good = await createEndpoint(storage, tenant);
    const sealed = storage.vault.seal(broken.secret, endpointPlace(good.endpointId, "secret"));
    const text = "UPDATE endpoint_secret SET sealed = $2 WHERE endpoint_id = $1";
    await sql(storage, text, [broken.endpointId, sealed]);
    const targets = await loadTargets(storage, [broken, good]);
    const byId = new Map(targets.map((target) => [target.endpointId, target]));
    expect(byId.get(good.endpointId)?.sealBroken).toBeNull();
    expect(byId.get(good.endpointId)?.keys).toHaveLength(1);
    expect(byId.get(broken.endpointId)?.keys).toEqual([]);
    expect(byId.get(broken.endpointId)?.sealBroken?.message).toContain(broken.endpointId);
  });

  test("a deleted endpoint is disabled too; one that never was is missing", async () => {
    const endpoint = await createEndpoint(storage, tenant);
    const text = "UPDATE endpoint SET deleted_at = now() WHERE endpoint_id = $1";
    await sql(storage, text, [endpoint.endpointId]);
    expect(await load(endpoint)).toMatchObject({ deleted: true, disabled: true });
    const stranger = { ...tenant, endpointId: "ep_none" };
    expect(await loadTargets(storage, [stranger])).toEqual([]);
    const foreign = { applicationId: "app_none", endpointId: endpoint.endpointId };
    expect(await loadTargets(storage, [foreign])).toEqual([]);
  });
});

describe("noteEndpointHealth", () => {
  test("keeps the first failure until a success", async () => {
    const endpoint = await createEndpoint(storage, tenant);
    const other = await createEndpoint(storage, tenant);
    const note = (failingSince: number | null): Promise<void> =>
      noteEndpointHealth(storage, [{ ...endpoint, failingSince }]);
    await note(NOW);
    expect((await load(endpoint)).failingSince).toBe(NOW);
    await note(NOW + 5_000);
    expect((await load(endpoint)).failingSince).toBe(NOW);
    await note(null);
    expect((await load(endpoint)).failingSince).toBeNull();
    await note(NOW + 9_000);
    expect((await load(endpoint)).failingSince).toBe(NOW + 9_000);
    expect(await load(other)).toMatchObject({ failingSince: null, revision: 1 });
    expect((await load(endpoint)).revision).toBe(1);
  });
});

describe("disableEndpoint", () => {
  test("disables once, says why, and grows the revision", async () => {
    const endpoint = await createEndpoint(storage, tenant);
    expect(await disableEndpoint(storage, { ...endpoint, reason: "gone" }, "msg_1")).toBe(true);
    expect(
      await disableEndpoint(storage, { ...endpoint, reason: "asked_by_receiver" }, "msg_2"),
    ).toBe(false);
    expect(await load(endpoint)).toMatchObject({ disabled: true, revision: 2 });
    const text = "SELECT disabled_reason, updated_at FROM endpoint WHERE endpoint_id = $1";
    expect(await sql(storage, text, [endpoint.endpointId])).toEqual([
      { disabled_reason: "gone", updated_at: NOW },
    ]);
  });
});
