/** Asking twice with one key does one thing and gets one answer, whatever happens in between. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { sql } from "../support/factories.ts";
import { type Answer, World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());
afterEach(() => {
  world.node.storage.before = () => undefined;
  world.clock.skip = false;
});

let keys = 0;
function freshKey(): string {
  keys += 1;
  return `key ${keys}`;
}

function send(path: string, body: unknown, key: string): Promise<Answer> {
  const options = body === undefined ? {} : { body };
  return world.call("POST", path, { ...options, headers: { "idempotency-key": key } });
}

async function count(table: string): Promise<number> {
  const [row] = await sql<{ n: number }>(
    world.node.storage,
    `SELECT count(*)::int AS n FROM ${table}`,
  );
  return row?.n ?? -1;
}

test.each([
  ["an application", "/api/v1/app", { name: "x" }, "application", 201],
  ["an endpoint", "/api/v1/app/default/endpoint", { url: "https://example.com/" }, "endpoint", 201],
  ["an event type", "/api/v1/event-type", { name: "idem", description: "" }, "event_type", 201],
  ["a message", "/api/v1/app/default/msg", { eventType: "x", payload: {} }, "message", 202],
])("%s is made once; status and body come again", async (_name, path, body, table, status) => {
  const before = await count(table);
  const key = freshKey();
  const first = await send(path, body, key);
  const second = await send(path, body, key);
  expect([first.status, second.status]).toEqual([status, status]);
  expect(second.text).toBe(first.text);
  expect(await count(table)).toBe(before + 1);
  const other = await send(path, { ...body, description: "other" }, key);
  expect([other.status, other.body.detail[0].type]).toEqual([422, "idempotency.mismatch"]);
  expect(await count(table)).toBe(before + 1);
});

test("an answer without a body comes again too, and is marked", async () => {
  const appId = await world.application();
  const path = `/api/v1/app/${appId}/endpoint/${await world.endpoint(appId)}/secret`;
  const key = freshKey();
  await send(`${path}/rotate`, {}, key);
  const { key: secret } = (await world.call("GET", path)).body;
  const again = await send(`${path}/rotate`, {}, key);
  expect([again.status, again.text]).toEqual([204, ""]);
  expect(again.headers["idempotency-replayed"]).toBe("true");
  expect((await world.call("GET", path)).body.key).toBe(secret);
});

test("a key belongs to its operation, and the query is part of the request", async () => {
  const key = freshKey();
  const application = await send("/api/v1/app", { name: "x" }, key);
  const type = await send("/api/v1/event-type", { name: "other.op", description: "" }, key);
  expect([application.status, type.status]).toEqual([201, 201]);
  const slash = await send("/api/v1/app/", { name: "x" }, key);
  expect(slash.body.id).toBe(application.body.id);
  expect((await send("/api/v1/app?get_if_exists=true", { name: "x" }, key)).status).toBe(422);
});

test("what was refused may be tried again with the same key", async () => {
  const key = freshKey();
  expect((await send("/api/v1/app", { name: "" }, key)).status).toBe(422);
  const made = await send("/api/v1/app", { name: "x", uid: "taken-once" }, key);
  expect(made.status).toBe(201);
  const conflicting = freshKey();
  const body = { name: "y", uid: "taken-once" };
  expect((await send("/api/v1/app", body, conflicting)).status).toBe(409);
  await world.call("DELETE", "/api/v1/app/taken-once");
  expect((await send("/api/v1/app", body, conflicting)).status).toBe(201);
});

test("many at once do one thing", async () => {
  const before = await count("application");
  const key = freshKey();
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => send("/api/v1/app", { name: "crowd" }, key)),
  );
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  expect(await count("application")).toBe(before + 1);
  const messages = await count("message");
  const message = { eventType: "x", payload: { crowd: true } };
  const published = await Promise.all(
    Array.from({ length: 8 }, () => send("/api/v1/app/default/msg", message, key)),
  );
  expect(new Set(published.map(({ text }) => text)).size).toBe(1);
  expect(await count("message")).toBe(messages + 1);
});

test("while the first still runs: 409 and when to come back", async () => {
  const key = freshKey();
  const started = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  world.node.storage.before = async (name) => {
    if (name !== "create-application") return;
    started.resolve();
    await release.promise;
  };
  const first = send("/api/v1/app", { name: "slow" }, key);
  await started.promise;
  world.clock.skip = true;
  const second = await send("/api/v1/app", { name: "slow" }, key);
  expect([second.status, second.body.code]).toEqual([409, "idempotency.in_progress"]);
  expect(second.headers["retry-after"]).toBe("1");
  release.resolve();
  const made = await first;
  expect((await send("/api/v1/app", { name: "slow" }, key)).text).toBe(made.text);
});

test("a request whose process died is taken over after a minute, not before", async () => {
  const key = freshKey();
  world.node.storage.before = (name) => {
    if (name.endsWith("-idempotent-request") && name !== "begin-idempotent-request") {
      throw new Error("This process is dead.");
    }
    if (name === "create-application") throw new Error("This process is dead.");
  };
  world.clock.skip = true;
  expect((await send("/api/v1/app", { name: "died" }, key)).status).toBe(500);
  world.node.storage.before = () => undefined;
  expect((await send("/api/v1/app", { name: "died" }, key)).status).toBe(409);
  await sql(
    world.node.storage,
    "UPDATE idempotency SET created_at = now() - interval '61 seconds' WHERE status IS NULL AND resource_id IS NULL",
  );
  expect((await send("/api/v1/app", { name: "other" }, key)).status).toBe(422);
  expect((await send("/api/v1/app", { name: "died" }, key)).status).toBe(201);
});

test("resending with one key sends once", async () => {
  const appId = await world.application();
  const endpointId = await world.endpoint(appId);
  const messageId = await world.message(appId);
  await world.attempts(appId, messageId, 1);
  const path = `/api/v1/app/${appId}/msg/${messageId}/endpoint/${endpointId}/resend`;
  const key = freshKey();
  const first = await send(path, undefined, key);
  expect([first.status, first.body]).toEqual([202, {}]);
  await world.attempts(appId, messageId, 2);
  const second = await send(path, undefined, key);
  expect([second.status, second.body]).toEqual([202, {}]);
  // Sent after the second would have been.
  const later = await world.message(appId);
  await world.attempts(appId, later, 1);
  expect(world.node.sender.countsByMessage().get(messageId)).toBe(2);
});
