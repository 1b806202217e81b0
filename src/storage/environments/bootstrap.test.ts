/** The first start, later starts, many at once, changed presets, and another master key. */
import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createHash } from "node:crypto";
import { createTestDatabase, type TestDatabase } from "../../../test/support/database.ts";
import { createIds, silentLog, sql, testVault } from "../../../test/support/factories.ts";
import { PUSH_EVENT_TYPES } from "../../core/push-events.ts";
import { findApiKey } from "../api-keys/find-api-key.ts";
import { Storage } from "../storage.ts";
import { Vault } from "../vault.ts";
import { type Bootstrapped, bootstrap, type BootstrapOptions } from "./bootstrap.ts";

const ids = createIds();
let database: TestDatabase;
let storages: Storage[];

beforeEach(async () => {
  database = await createTestDatabase();
  storages = [];
});
afterEach(async () => {
  await Promise.all(storages.map((storage) => storage.close()));
  await database.drop();
});

function open(vault = testVault): Storage {
  const storage = new Storage({ connectionUrl: database.url, vault, log: silentLog, poolSize: 2 });
  storages.push(storage);
  return storage;
}

let made = 0;
function start(
  storage: Storage,
  presetKeys: BootstrapOptions["presetKeys"] = {},
): Promise<Bootstrapped> {
  return bootstrap(storage, ids, {
    presetKeys,
    generateKey: (mode) => {
      made += 1;
      return `sk_${mode === "sandbox" ? "test" : "live"}_${"g".repeat(40)}${1000 + made}`;
    },
  });
}

const findKey = (storage: Storage, key: string): ReturnType<typeof findApiKey> =>
  findApiKey(storage, createHash("sha256").update(key).digest());

test("the first start makes everything, a later one nothing", async () => {
  const storage = open();
  const first = await start(storage);
  const { sandbox = "", live = "" } = first.newKeys;
  expect(await findKey(storage, sandbox)).toMatchObject({
    environmentId: first.sandbox.environmentId,
    mode: "sandbox",
    defaultApplicationId: first.sandbox.defaultApplicationId,
    scope: "full",
    hint: `sk_test_…${sandbox.slice(-4)}`,
  });
  expect(await findKey(storage, live)).toMatchObject({ mode: "live" });
  expect(first.sandbox.environmentId).not.toBe(first.live.environmentId);
  const types = await sql<{ name: string; schemas: string }>(
    storage,
    "SELECT name, schemas FROM event_type WHERE environment_id = $1 ORDER BY name",
    [first.live.environmentId],
  );
  expect(types.map(({ name, schemas }) => [name, JSON.parse(schemas)])).toEqual(
    PUSH_EVENT_TYPES.map(({ name, schemas }) => [name, schemas]),
  );
  const again = await start(storage);
  expect(again).toEqual({ ...first, newKeys: {} });
});

test("ten starts at once agree, and only one learns the keys", async () => {
  const results = await Promise.all(Array.from({ length: 10 }, () => start(open())));
  const [first] = results;
  for (const result of results) {
    expect(result.sandbox).toEqual(first?.sandbox);
    expect(result.live).toEqual(first?.live);
  }
  expect(results.filter(({ newKeys }) => newKeys.sandbox !== undefined)).toHaveLength(1);
  expect(results.filter(({ newKeys }) => newKeys.live !== undefined)).toHaveLength(1);
});

test("a preset key holds, another one revokes it, and generated keys stay", async () => {
  const storage = open();
  const generated = (await start(storage)).newKeys.sandbox ?? "";
  const one = `sk_test_${"1".repeat(32)}`;
  const two = `sk_test_${"2".repeat(32)}`;
  const first = await start(storage, { sandbox: one });
  expect(first.newKeys).toEqual({});
  expect(first.sandbox.keyHint).toBe("sk_test_…1111");
  expect(await findKey(storage, one)).toBeDefined();
  await start(storage, { sandbox: two });
  expect(await findKey(storage, one)).toBeUndefined();
  expect(await findKey(storage, two)).toBeDefined();
  expect(await findKey(storage, generated)).toBeDefined();
  await start(storage, { sandbox: one });
  expect(await findKey(storage, one)).toBeDefined();
  await start(storage);
  expect(await findKey(storage, one)).toBeDefined();
});

test("presets from the very start: no key is generated for them", async () => {
  const storage = open();
  const presetKeys = { sandbox: `sk_test_${"s".repeat(32)}`, live: `sk_live_${"l".repeat(32)}` };
  expect((await start(storage, presetKeys)).newKeys).toEqual({});
});

test("another master key is refused and named by its fingerprint", async () => {
  await start(open());
  const other = new Vault(randomBytes(32));
  const refused = start(open(other));
  await expect(refused).rejects.toThrow(testVault.fingerprint);
  await expect(start(open(other))).rejects.toThrow("AMPS_MASTER_KEY");
});

test("only the digest of a key is stored", async () => {
  const storage = open();
  const { newKeys } = await start(storage);
  const rows = await sql<{ stored: string }>(storage, "SELECT k::text AS stored FROM api_key k");
  const stored = rows.map((row) => row.stored).join("\n");
  expect(stored).not.toContain(newKeys.sandbox);
  expect(stored).toContain("first start");
});
