/** API keys that people make, see and revoke. */
import { once } from "node:events";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KEYS_MAX } from "../../src/storage/api-keys/list-api-keys.ts";
import { sql } from "../support/factories.ts";
import { type Answer, World } from "./world.ts";

const KEYS = "/api/v1/api-key";

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const create = (body: object, key = world.sandboxKey): Promise<Answer> =>
  world.call("POST", KEYS, { key, body });
const using = (key: string): Promise<Answer> => world.call("GET", "/api/v1/app", { key });

async function listed(key = world.sandboxKey): Promise<Record<string, unknown>[]> {
  const answer = await world.call("GET", KEYS, { key });
  expect([answer.status, answer.body.done]).toEqual([200, true]);
  return answer.body.data as Record<string, unknown>[];
}

describe("a new key", () => {
  test("is told once, opens its environment, and is listed without what opens it", async () => {
    const made = await create({ name: "billing", scope: "full" });
    expect(made.status).toBe(201);
    const { key, ...rest } = made.body as { key: string; id: string };
    expect(key).toMatch(/^sk_test_[\w-]{43}$/);
    expect(rest).toMatchObject({
      id: expect.stringMatching(/^key_\w{27}$/) as string,
      name: "billing",
      scope: "full",
      hint: `sk_test_…${key.slice(-4)}`,
      preset: false,
      lastUsedAt: null,
    });
    expect((await using(key)).status).toBe(200);
    const list = await listed();
    expect(list.map(({ name }) => name)).toEqual(["preset", "billing"]);
    expect(list[0]).toMatchObject({ preset: true, hint: `sk_test_…${world.sandboxKey.slice(-4)}` });
    expect(JSON.stringify(list)).not.toContain(key);
    const [stored] = await sql<{ row: string }>(
      world.node.storage,
      "SELECT k::text AS row FROM api_key k WHERE key_id = $1",
      [rest.id],
    );
    expect(stored?.row).not.toContain(key);
  });

  test("that reads may not write, nor look at keys", async () => {
    const { key } = (await create({ name: "reports", scope: "read" })).body as { key: string };
    expect((await using(key)).status).toBe(200);
    for (const answer of [
      await world.call("POST", "/api/v1/app", { key, body: { name: "no" } }),
      await world.call("GET", KEYS, { key }),
      await create({ name: "no" }, key),
    ]) {
      expect([answer.status, answer.body.code]).toEqual([403, "insufficient access"]);
    }
  });

  test("is of the live environment when a live key, or a session there, asks for it", async () => {
    const made = await create({ name: "live one" }, world.liveKey);
    expect(made.body.key).toMatch(/^sk_live_/);
    const session = await world.logIn("live");
    const options = { key: null, headers: session, body: { name: "by hand", scope: "read" } };
    const byHand = await world.call("POST", KEYS, options);
    expect([byHand.status, byHand.body.scope]).toEqual([201, "read"]);
    expect((await listed(world.liveKey)).map(({ name }) => name)).toEqual([
      "preset",
      "live one",
      "by hand",
    ]);
    expect((await listed()).map(({ name }) => name)).not.toContain("live one");
    const foreign = await world.call("DELETE", `${KEYS}/${byHand.body.id}`);
    expect(foreign.status).toBe(404);
  });

  test.each([
    ["no name", {}],
    ["an empty name", { name: "" }],
    ["a long name", { name: "x".repeat(129) }],
    ["the name of the configuration's keys", { name: "preset" }],
    ["another scope", { name: "a", scope: "admin" }],
  ])("with %s is 422", async (_name, body) => {
    expect((await create(body)).status).toBe(422);
  });

  test("is another one each time, with an idempotency key too, and no answer is kept", async () => {
    const ask = (): Promise<Answer> =>
      world.call("POST", KEYS, { body: { name: "twice" }, headers: { "idempotency-key": "k" } });
    const [one, two] = [await ask(), await ask()];
    expect(one.body.key).not.toBe(two.body.key);
    expect(await sql(world.node.storage, "SELECT 1 FROM idempotency")).toEqual([]);
  });

  test("is refused when there are as many as there may be", async () => {
    const { environmentId } = world.environments.live;
    await sql(
      world.node.storage,
      `INSERT INTO api_key (key_hash, environment_id, name, scope, hint)
       SELECT sha256(n::text::bytea), $1, 'filler', 'read', '' FROM generate_series(1, $2::int) n`,
      [environmentId, KEYS_MAX],
    );
    const answer = await create({ name: "one more" }, world.liveKey);
    expect([answer.status, answer.body.code]).toEqual([409, "conflict"]);
    await sql(world.node.storage, "DELETE FROM api_key WHERE name = 'filler'");
  });
});

describe("a revoked key", () => {
  test("opens nothing from then on, however lately it was used, and all nodes hear of it", async () => {
    const { key, id } = (await create({ name: "lost" })).body as { key: string; id: string };
    expect((await using(key)).status).toBe(200);
    const listener: pg.Client = await world.node.storage.session("test");
    await listener.query("LISTEN amps_api_key");
    const heard = once(listener, "notification");
    expect((await world.call("DELETE", `${KEYS}/${id}`)).status).toBe(204);
    expect((await using(key)).status).toBe(401);
    await heard;
    await listener.end();
    expect((await listed()).map((row) => row["id"])).not.toContain(id);
    expect((await world.call("DELETE", `${KEYS}/${id}`)).status).toBe(404);
    expect((await world.call("DELETE", `${KEYS}/key_none`)).status).toBe(404);
  });
});

test("the last use is noted once a minute, beside the request", async () => {
  const { key, id } = (await create({ name: "used" })).body as { key: string; id: string };
  const lastUsedAt = async (): Promise<unknown> =>
    (await listed()).find((row) => row["id"] === id)?.["lastUsedAt"];
  await using(key);
  await expect.poll(lastUsedAt).not.toBeNull();
  const first = await lastUsedAt();
  let notes = 0;
  const { storage } = world.node;
  const { before } = storage;
  storage.before = (name) => {
    if (name === "note-key-use") notes += 1;
  };
  for (let n = 0; n < 3; n += 1) {
    world.clock.aheadMs += 5_000;
    expect((await using(key)).status).toBe(200);
  }
  // The caller's own key is noted too, at most.
  expect(await lastUsedAt()).toBe(first);
  storage.before = before;
  expect(notes).toBe(0);
  const old = "now() - interval '2 minutes'";
  await sql(storage, `UPDATE api_key SET last_used_at = ${old} WHERE key_id = $1`, [id]);
  world.clock.aheadMs += 5_000;
  await using(key);
  await expect.poll(async () => String(await lastUsedAt()) > String(first)).toBe(true);
});
