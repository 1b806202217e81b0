/** One delivery's life: from the first attempt to its end, as `contract.md` §6 has it. */
import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { answer, REFUSED } from "../../test/support/fake-sender.ts";
import {
  createEndpoint,
  createTenant,
  publishRequest,
  sql,
  type Tenant,
  type TestEndpoint,
} from "../../test/support/factories.ts";
import { createManualClock, type ManualClock } from "../../test/support/manual-clock.ts";
import { TestNode } from "../../test/support/test-node.ts";
import type { SendResult } from "../core/send-result.ts";
import { DEFAULT_RETRY_SCHEDULE_MS } from "../core/retry.ts";

const DAY_MS = 24 * 3_600_000;
const REFUSED_WITH_NUL: SendResult = {
  kind: "error",
  code: "refused",
  message: "a\0b",
  durationMs: 1,
};

let database: TestDatabase;
let clock: ManualClock;
let node: TestNode;
let tenant: Tenant;
let endpoint: TestEndpoint;
let random = 0.5;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database.drop());

beforeEach(async () => {
  clock = createManualClock();
  random = 0.5;
  const retryScheduleMs = DEFAULT_RETRY_SCHEDULE_MS;
  node = new TestNode({ url: database.url, clock, retryScheduleMs, random: () => random });
  await sql(node.storage, "TRUNCATE delivery, attempt, message");
  await node.start();
  tenant = await createTenant(node.storage);
  endpoint = await createEndpoint(node.storage, tenant);
});

afterEach(async () => {
  await node.stop();
});

async function publish(payload = Buffer.from("{}")): Promise<string> {
  const outcome = await node.engine.publish(publishRequest(tenant, { payload }));
  if (outcome.kind !== "accepted") throw new Error(`It was ${outcome.kind}.`);
  return outcome.messageId;
}

interface AttemptRow {
  [column: string]: unknown;
  attempted_at: number;
  next_attempt_at: number | null;
}

const attempts = (messageId: string): Promise<AttemptRow[]> =>
  sql<AttemptRow>(
    node.storage,
    `SELECT succeeded, response_status, error_code, trigger, attempted_at, next_attempt_at
     FROM attempt WHERE message_id = $1 ORDER BY attempt_id`,
    [messageId],
  );
const owed = (): Promise<object[]> =>
  sql(node.storage, "SELECT message_id, attempts, due_at FROM delivery WHERE application_id = $1", [
    tenant.applicationId,
  ]);
const endpointRow = async (): Promise<object | undefined> => {
  const text =
    "SELECT disabled, disabled_reason, failing_since FROM endpoint WHERE endpoint_id = $1";
  return (await sql(node.storage, text, [endpoint.endpointId]))[0];
};

/** Resolves when `count` deliveries in all were recorded, parked or given back. */
const settled = (count: number): Promise<void> =>
  node.events.until(() => node.seen.settled >= count, {
    describe: () => `${count} settled; there were ${node.seen.settled}`,
  });

/** Lets time pass; what is due after it was found. */
async function pass(durationMs: number): Promise<void> {
  clock.advance(durationMs);
  await node.sweep();
}

describe("the first attempt", () => {
  test("is made at once, without reading the delivery back", async () => {
    const statements: string[] = [];
    node.storage.before = (name) => void statements.push(name);
    const messageId = await publish();
    const request = await node.sender.nth(1);
    expect(request.headers["svix-id"]).toBe(messageId);
    expect(statements.filter((name) => name.startsWith("claim"))).toEqual([]);
    await settled(1);
    expect(await attempts(messageId)).toEqual([
      {
        succeeded: true,
        response_status: 200,
        error_code: null,
        trigger: 0,
        attempted_at: clock.now(),
        next_attempt_at: null,
      },
    ]);
    expect(await owed()).toEqual([]);
  });

  test("is made once, although a sweep sees the delivery before its publisher knows of the commit", async () => {
    const known = Promise.withResolvers<void>();
    const committed = Promise.withResolvers<void>();
    node.storage.after = async (name) => {
      if (name !== "insert-messages") return;
      committed.resolve();
      await known.promise;
    };
    const published = publish();
    await committed.promise;
    const { claimed } = node.seen;
    await node.sweep();
    await node.events.until(() => node.seen.claimed > claimed);
    await node.events.until(() => {
      const { inFlight, unrecorded } = node.engine.health();
      return inFlight + unrecorded === 0;
    });
    known.resolve();
    const messageId = await published;
    await node.events.until(async () => (await owed()).length === 0);
    await node.sweep();
    expect(node.sender.countsByMessage()).toEqual(new Map([[messageId, 1]]));
  });

  test("is made by a later claim when the publisher never hears of the commit", async () => {
    node.storage.after = (name) => {
      if (name === "insert-messages") throw new Error("The connection was lost.");
    };
    await expect(publish()).rejects.toThrow("lost");
    await node.sweep();
    await node.sender.nth(1);
    await node.events.until(async () => (await owed()).length === 0);
  });

  test("carries the headers of the contract and the bytes as they came", async () => {
    const payload = Buffer.from(' {"é":12345678901234567890,"a":"\\u0000"}\n');
    const messageId = await publish(payload);
    const { headers, body, url, timeoutMs } = await node.sender.nth(1);
    expect(url).toBe(endpoint.url);
    expect(timeoutMs).toBe(30_000);
    expect(Buffer.from(body).equals(payload)).toBe(true);
    const timestamp = String(Math.floor(clock.now() / 1000));
    expect(headers).toEqual({
      accept: "*/*",
      "content-type": "application/json",
      "user-agent": "Amps-Webhooks/test",
      "svix-id": messageId,
      "svix-timestamp": timestamp,
      "svix-signature": headers["svix-signature"],
      "webhook-id": messageId,
      "webhook-timestamp": timestamp,
      "webhook-signature": headers["svix-signature"],
      "amps-event-type": "push.completed",
    });
    const signed = new Webhook(endpoint.secret).sign(messageId, new Date(clock.now()), payload);
    expect(headers["svix-signature"]).toBe(signed);
  });
});

describe("the retry chain", () => {
  /** Fails every attempt until the chain ends. @returns the delays between attempts */
  async function exhaust(messageId: string): Promise<number[]> {
    const delays: number[] = [];
    for (let n = 1; ; n += 1) {
      await node.sender.nth(n);
      await settled(n);
      const last = (await attempts(messageId)).at(-1);
      if (last === undefined) throw new Error("The attempt was not recorded.");
      if (last.next_attempt_at === null) return delays;
      const delayMs = last.next_attempt_at - clock.now();
      delays.push(delayMs);
      expect(await owed()).toEqual([
        { message_id: messageId, attempts: n, due_at: last.next_attempt_at },
      ]);
      await pass(delayMs - 1_000);
      expect(node.sender.requests, `a second before retry ${n}`).toHaveLength(n);
      await pass(1_000);
    }
  }

  test.each([
    ["in the middle", 0.5, 1],
    ["at its lower end", 0, 0.8],
    ["at its upper end", 0.999_999_999, 1.2],
  ])("follows the schedule to its end, with jitter %s", async (_, drawn, share) => {
    random = drawn;
    node.sender.answer = () => answer(500);
    const messageId = await publish();
    const delays = await exhaust(messageId);
    expect(delays).toEqual(DEFAULT_RETRY_SCHEDULE_MS.map((planned) => planned * share));
    expect(await owed()).toEqual([]);
    expect(await attempts(messageId)).toHaveLength(8);
    await pass(DAY_MS);
    expect(node.sender.requests).toHaveLength(8);
    const ids = new Set(node.sender.requests.map(({ headers }) => headers["svix-id"]));
    expect([...ids]).toEqual([messageId]);
    const stamps = node.sender.requests.map(({ headers }) => headers["svix-timestamp"]);
    expect(new Set(stamps).size).toBe(8);
    const signatures = node.sender.requests.map(({ headers }) => headers["svix-signature"]);
    expect(new Set(signatures).size).toBe(8);
  });

  test("ends with the first success", async () => {
    node.sender.answer = (_, n) => (n === 1 ? REFUSED : answer(204));
    const messageId = await publish();
    await settled(1);
    await pass(5_000);
    await settled(2);
    expect(await attempts(messageId)).toMatchObject([
      { succeeded: false, response_status: 0, error_code: "refused" },
      { succeeded: true, response_status: 204, next_attempt_at: null },
    ]);
    expect(await owed()).toEqual([]);
  });

  test.each([
    ["0", 5_000],
    ["5", 5_000],
    ["3600", 3_600_000],
    ["-1", 5_000],
    ["1000000000", DAY_MS],
    ["soon", 5_000],
  ])("E41: Retry-After %j makes the next attempt due after %d ms", async (retryAfter, waited) => {
    node.sender.answer = () => answer(503, { headers: { retryAfter } });
    const messageId = await publish();
    await settled(1);
    expect(await attempts(messageId)).toMatchObject([{ next_attempt_at: clock.now() + waited }]);
    expect(await owed()).toMatchObject([{ due_at: clock.now() + waited }]);
  });

  test("abort-message ends it: nothing is owed, and nothing is sent again", async () => {
    node.sender.answer = () => answer(500, { headers: { webhookDelivery: "abort-message" } });
    const messageId = await publish();
    await settled(1);
    expect(await attempts(messageId)).toMatchObject([{ succeeded: false, next_attempt_at: null }]);
    expect(await owed()).toEqual([]);
    await pass(2 * DAY_MS);
    expect(node.sender.requests).toHaveLength(1);
    expect(await endpointRow()).toMatchObject({ disabled: false });
  });

  test("ends without sending when the payload is gone", async () => {
    node.sender.answer = () => answer(500);
    const messageId = await publish();
    await settled(1);
    const expunge = "UPDATE message SET payload = NULL WHERE message_id = $1";
    await sql(node.storage, expunge, [messageId]);
    await pass(5_000);
    await settled(2);
    expect(node.sender.requests).toHaveLength(1);
    expect(await attempts(messageId)).toMatchObject([
      { error_code: "status" },
      { error_code: "payload_gone", response_status: 0, next_attempt_at: null },
    ]);
    expect(await owed()).toEqual([]);
  });

  test("an error text that PostgreSQL cannot store is stored without its NUL", async () => {
    node.sender.answer = () => REFUSED_WITH_NUL;
    const messageId = await publish();
    await settled(1);
    const text = "SELECT error_message FROM attempt WHERE message_id = $1";
    expect(await sql(node.storage, text, [messageId])).toEqual([{ error_message: "a\uFFFDb" }]);
  });
});

describe("what disables an endpoint", () => {
  test.each([
    ["410", answer(410), "gone"],
    ["disable", answer(500, { headers: { webhookDelivery: "disable" } }), "asked_by_receiver"],
  ])("%s: at once, its message stays owed", async (_, result, reason) => {
    node.sender.answer = () => result;
    const messageId = await publish();
    await settled(1);
    expect(await endpointRow()).toMatchObject({ disabled: true, disabled_reason: reason });
    expect(await owed()).toMatchObject([{ message_id: messageId, attempts: 1 }]);
    await pass(2 * DAY_MS);
    expect(node.sender.requests).toHaveLength(1);
    expect(await owed()).toHaveLength(1);
  });

  test("a success that asks for it: the message is delivered, the endpoint disabled", async () => {
    node.sender.answer = () => answer(200, { headers: { webhookDelivery: "disable" } });
    await publish();
    await settled(1);
    expect(await endpointRow()).toMatchObject({ disabled: true });
    expect(await owed()).toEqual([]);
  });

  test("five days of failures, and not a moment less", async () => {
    node.sender.answer = () => REFUSED;
    const startedAt = clock.now();
    await publish();
    await settled(1);
    expect(await endpointRow()).toMatchObject({ failing_since: startedAt });
    await sql(node.storage, "DELETE FROM delivery");
    await pass(5 * DAY_MS - 1_000);
    await publish();
    await settled(2);
    expect(await endpointRow()).toEqual({
      disabled: false,
      disabled_reason: null,
      failing_since: startedAt,
    });
    await sql(node.storage, "DELETE FROM delivery");
    clock.advance(1_000);
    await publish();
    await settled(3);
    expect(await endpointRow()).toMatchObject({
      disabled: true,
      disabled_reason: "failing_for_5_days",
    });
  });

  test("not when a success came between, even where the endpoint was changed meanwhile", async () => {
    node.sender.answer = () => REFUSED;
    await publish();
    await settled(1);
    await sql(node.storage, "DELETE FROM delivery");
    node.engine.endpointChanged(endpoint.endpointId);
    await pass(3 * DAY_MS);
    node.sender.answer = () => answer();
    await publish();
    await settled(2);
    expect(await endpointRow()).toMatchObject({ failing_since: null });
    await pass(3 * DAY_MS);
    node.sender.answer = () => REFUSED;
    const again = clock.now();
    await publish();
    await settled(3);
    expect(await endpointRow()).toMatchObject({ disabled: false, failing_since: again });
  });

  test("a failure that ends after the endpoint was changed still counts, and so does the success", async () => {
    node.sender.answer = (_, n) => (n === 2 ? node.sender.hang() : answer());
    await publish();
    await settled(1);
    await publish();
    await node.sender.nth(2);
    // The next attempt loads the endpoint anew, while the one in flight has the old copy.
    node.engine.endpointChanged(endpoint.endpointId);
    await publish();
    await settled(2);
    node.sender.release(REFUSED);
    await settled(3);
    expect(await endpointRow()).toMatchObject({ failing_since: clock.now() });
    await publish();
    await settled(4);
    expect(await endpointRow()).toMatchObject({ failing_since: null });
  });

  test("a success clears the clock even where this node read the endpoint before it was set", async () => {
    node.storage.after = async (name) => {
      if (name !== "load-targets") return;
      const set = "UPDATE endpoint SET failing_since = now() WHERE endpoint_id = $1";
      await node.storage.bypass(set, [endpoint.endpointId]);
    };
    await publish();
    await settled(1);
    expect(await endpointRow()).toMatchObject({ failing_since: null });
  });

  test("the disabling survives a database that is away when it is due", async () => {
    node.sender.answer = () => answer(410);
    let failures = 0;
    node.storage.before = (name) => {
      if (name !== "disable-endpoint" || failures === 3) return;
      failures += 1;
      setImmediate(() => clock.advance(2_000));
      throw new Error("The database is away.");
    };
    await publish();
    await settled(1);
    expect(failures).toBe(3);
    expect(await endpointRow()).toMatchObject({ disabled: true });
  });
});
