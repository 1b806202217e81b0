/** Replacing the master key: everything is sealed anew, in batches, whatever happens in between. */
import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../test/support/database.ts";
import {
  createEndpoint,
  createIds,
  createTenant,
  sql,
  type TestEndpoint,
} from "../../../test/support/factories.ts";
import { type FaultyStorage, openStorage } from "../../../test/support/test-node.ts";
import { changeEndpointHeaders, readEndpointHeaders } from "../endpoints/endpoint-headers.ts";
import { readEndpointSecret } from "../endpoints/endpoint-secret.ts";
import { bootstrap } from "../environments/bootstrap.ts";
import { Vault } from "../vault.ts";
import { reseal } from "./reseal.ts";

const ENDPOINTS = 450;
const [first, second] = [randomBytes(32), randomBytes(32)];
let database: TestDatabase;
let storages: FaultyStorage[];
let endpoints: TestEndpoint[];

/** A start of the program with these keys. */
async function start(key: Buffer, ...old: Buffer[]): Promise<FaultyStorage> {
  const storage = openStorage(database.url, { vault: new Vault(key, old) });
  storages.push(storage);
  await bootstrap(storage, createIds(), {
    presetKeys: {},
    generateKey: () => `sk_test_${randomBytes(24).toString("hex")}`,
  });
  return storage;
}

beforeEach(async () => {
  database = await createTestDatabase();
  storages = [];
  const storage = await start(first);
  const tenant = await createTenant(storage);
  endpoints = [];
  for (let index = 0; index < ENDPOINTS; index += 1) {
    const endpoint = await createEndpoint(storage, tenant);
    endpoints.push(endpoint);
    // Some have headers, some have none.
    if (index % 3 === 0)
      await changeEndpointHeaders(storage, endpoint, () => ({ "x-n": `${index}` }));
  }
});
afterEach(async () => {
  await Promise.all(storages.map((storage) => storage.close()));
  await database.drop();
});

async function expectAllReadable(storage: FaultyStorage): Promise<void> {
  for (const [index, endpoint] of endpoints.entries()) {
    expect(await readEndpointSecret(storage, endpoint)).toBe(endpoint.secret);
    const headers = await readEndpointHeaders(storage, endpoint);
    expect(headers).toEqual(index % 3 === 0 ? { "x-n": `${index}` } : {});
  }
}

const sealedRows = ENDPOINTS + ENDPOINTS / 3;

describe("a new master key", () => {
  test("opens the old one's values at once, seals them anew, and then stands alone", async () => {
    await expect(start(second)).rejects.toThrow("AMPS_MASTER_KEY_OLD");
    const both = await start(second, first);
    await expectAllReadable(both);
    // Not before everything is sealed anew.
    await expect(start(second)).rejects.toThrow(new Vault(first).fingerprint);
    expect(await reseal(both)).toEqual({ count: sealedRows, done: true });
    await expectAllReadable(await start(second));
    await expect(start(first)).rejects.toThrow("is not the one");
    expect(await reseal(both)).toEqual({ count: 0, done: true });
  });

  test("is used for the rest after a stop in the middle, and by two nodes at once", async () => {
    const both = await start(second, first);
    let batches = 0;
    const stopped = await reseal(both, () => (batches += 1) <= 2);
    expect(stopped.done).toBe(false);
    expect(stopped.count).toBeGreaterThan(0);
    await expectAllReadable(both);
    const other = await start(second, first);
    const results = await Promise.all([reseal(both), reseal(other)]);
    expect(results.some(({ done }) => done)).toBe(true);
    await expectAllReadable(await start(second));
  });

  test("does not undo what was changed while it ran", async () => {
    const both = await start(second, first);
    const [endpoint] = endpoints;
    if (endpoint === undefined) throw new Error("There are endpoints.");
    both.before = async (name) => {
      if (name !== "reseal-endpoints") return;
      both.before = () => undefined;
      await changeEndpointHeaders(both, endpoint, () => ({ "x-n": "changed" }));
    };
    expect((await reseal(both)).done).toBe(true);
    expect(await readEndpointHeaders(await start(second), endpoint)).toEqual({ "x-n": "changed" });
  });

  test("also seals what an older node sealed in between", async () => {
    const old = storages[0] ?? (await start(first));
    const both = await start(second, first);
    const [, endpoint] = endpoints;
    if (endpoint === undefined) throw new Error("There are endpoints.");
    both.before = async (name) => {
      if (name !== "reseal-endpoint-secrets") return;
      both.before = () => undefined;
      await changeEndpointHeaders(old, endpoint, () => ({ "x-n": "late" }));
    };
    expect((await reseal(both)).done).toBe(true);
    expect(await readEndpointHeaders(await start(second), endpoint)).toEqual({ "x-n": "late" });
  });
});

test("values swapped between two endpoints do not open", async () => {
  const storage = storages[0] ?? (await start(first));
  const [one, other] = endpoints;
  if (one === undefined || other === undefined) throw new Error("There are endpoints.");
  await sql(
    storage,
    `UPDATE endpoint_secret s SET sealed = o.sealed FROM endpoint_secret o
     WHERE (s.endpoint_id, o.endpoint_id) IN (($1, $2), ($2, $1))`,
    [one.endpointId, other.endpointId],
  );
  await expect(readEndpointSecret(storage, one)).rejects.toThrow("does not open");
  await expect(readEndpointSecret(storage, other)).rejects.toThrow("does not open");
});
