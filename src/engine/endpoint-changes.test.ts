/** What an endpoint's owner changes is seen by the next attempt; what is owed survives it. */
import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import {
  addSecret,
  changeEndpoint,
  createEndpoint,
  createTenant,
  publishRequest,
  sql,
  type Tenant,
  type TestEndpoint,
} from "../../test/support/factories.ts";
import { answer, REFUSED } from "../../test/support/fake-sender.ts";
import { createManualClock, type ManualClock } from "../../test/support/manual-clock.ts";
import { TestNode } from "../../test/support/test-node.ts";
import type { SendRequest } from "../core/send-result.ts";
import { formatSecret } from "../core/signature.ts";
import { endpointPlace } from "../storage/endpoints/load-targets.ts";

let database: TestDatabase;
let clock: ManualClock;
let node: TestNode;
let tenant: Tenant;
let endpoint: TestEndpoint;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database.drop());

beforeEach(async () => {
  // The signature libraries know only the real time.
  clock = createManualClock(Date.now());
  node = new TestNode({ url: database.url, clock });
  await sql(node.storage, "TRUNCATE delivery, attempt, message");
  await node.start();
  tenant = await createTenant(node.storage);
  endpoint = await createEndpoint(node.storage, tenant);
});

afterEach(() => node.stop());

async function publish(eventType = "push.completed"): Promise<string> {
  const outcome = await node.engine.publish(publishRequest(tenant, { eventType }));
  if (outcome.kind !== "accepted") throw new Error(`It was ${outcome.kind}.`);
  return outcome.messageId;
}

const settled = (count: number): Promise<void> =>
  node.events.until(() => node.seen.settled >= count, {
    describe: () => `${count} settled; there were ${node.seen.settled}`,
  });

async function owed(): Promise<string[]> {
  const text = "SELECT message_id FROM delivery WHERE application_id = $1 ORDER BY message_id";
  const rows = await sql<{ message_id: string }>(node.storage, text, [tenant.applicationId]);
  return rows.map((row) => row.message_id);
}

/** Changes the endpoint as the API of this node does. */
async function change(assignments: string, values: unknown[] = []): Promise<void> {
  await changeEndpoint(node.storage, endpoint, assignments, values);
  node.engine.endpointChanged(endpoint.endpointId);
}

async function pass(durationMs: number): Promise<void> {
  clock.advance(durationMs);
  await node.sweep();
}

const sentIds = (): (string | undefined)[] =>
  node.sender.requests.map(({ headers }) => headers["svix-id"]);

describe("a disabled endpoint", () => {
  test("is sent nothing, gets no new deliveries, and is sent what waited once enabled", async () => {
    node.sender.answer = () => answer(500);
    const waiting = [await publish(), await publish()];
    await settled(2);
    await change("disabled = true");
    await publish();
    await pass(3_600_000);
    await pass(3_600_000);
    expect(node.sender.requests).toHaveLength(2);
    expect(await owed()).toEqual(waiting.toSorted());
    node.sender.answer = () => answer();
    await change("disabled = false");
    await node.sender.nth(4);
    await node.events.until(async () => (await owed()).length === 0);
    expect(sentIds().slice(2).toSorted()).toEqual(waiting.toSorted());
    // After two hours of failures the receiver is sent its next as a ramp allows: within a second.
    const next = await publish();
    await pass(1_000);
    await node.sender.nth(5);
    expect(sentIds()[4]).toBe(next);
  });

  test("is sent nothing of what was in memory when it was disabled", async () => {
    node.sender.answer = node.sender.hang;
    const ids = [];
    for (let n = 0; n < 20; n += 1) ids.push(await publish());
    await node.sender.nth(1);
    expect(node.engine.health().queued).toBeGreaterThan(0);
    await change("disabled = true");
    const { length } = node.sender.requests;
    node.sender.release();
    await node.events.until(async () => (await owed()).length === 20 - length);
    await node.sweep();
    await pass(60_000);
    expect(node.sender.requests).toHaveLength(length);
    expect(await owed()).toHaveLength(20 - length);
    await node.events.until(() => node.engine.health().queued === 0);
    node.sender.answer = () => answer();
    await change("disabled = false");
    await node.sender.nth(20);
    await node.events.until(async () => (await owed()).length === 0);
    expect(sentIds().toSorted()).toEqual(ids.toSorted());
  });

  test("is sent what waits even when it is enabled while its disabled copy is being read", async () => {
    node.sender.answer = () => answer(500);
    const messageId = await publish();
    await settled(1);
    await change("disabled = true");
    await node.sweep();
    // The database's notification comes too late to help: here, never.
    const notified = node.engine.notified.bind(node.engine);
    node.engine.notified = (channel, payload) => {
      if (channel !== "amps_endpoint") notified(channel, payload);
    };
    let enabled = false;
    node.storage.after = async (name) => {
      if (name !== "load-targets" || enabled) return;
      enabled = true;
      await change("disabled = false");
    };
    node.sender.answer = () => answer();
    await pass(10_000);
    const request = await node.sender.nth(2);
    expect(enabled).toBe(true);
    expect(request.headers["svix-id"]).toBe(messageId);
    await settled(2);
  });

  test("is parked by a change that another node made, and unparked by the next", async () => {
    node.sender.answer = () => answer(500);
    const messageId = await publish();
    await settled(1);
    // Only the database's notification tells this node.
    await changeEndpoint(node.storage, endpoint, "disabled = true");
    await pass(60_000);
    expect(node.sender.requests).toHaveLength(1);
    node.sender.answer = () => answer();
    await changeEndpoint(node.storage, endpoint, "disabled = false");
    expect((await node.sender.nth(2)).headers["svix-id"]).toBe(messageId);
  });
});

describe("a deleted endpoint", () => {
  test("is owed nothing any more", async () => {
    const kept = await createEndpoint(node.storage, tenant, { eventTypes: ["kept"] });
    node.sender.answer = () => answer(500);
    await publish();
    await settled(1);
    await publish("kept");
    await settled(3);
    expect(await owed()).toHaveLength(3);
    await change("deleted_at = now()");
    await pass(60_000);
    await node.events.until(async () => {
      await node.sweep();
      return (await owed()).length === 1;
    });
    await node.sender.nth(4);
    const urls = node.sender.requests.slice(3).map(({ url }) => url);
    expect(new Set(urls)).toEqual(new Set([kept.url]));
  });

  test("is owed nothing, even when the database failed at first to forget it", async () => {
    node.sender.answer = () => answer(500);
    await publish();
    await settled(1);
    let failures = 0;
    node.storage.before = (name) => {
      if (name !== "drop-deliveries" || failures === 2) return;
      failures += 1;
      throw new Error("The database is away.");
    };
    await change("deleted_at = now()");
    await node.events.until(async () => {
      await pass(60_000);
      return (await owed()).length === 0;
    });
    expect(failures).toBe(2);
    expect(node.sender.requests).toHaveLength(1);
  });

  test("is owed nothing either by a resend that was under way when it was forgotten", async () => {
    node.sender.answer = () => answer(500);
    const messageId = await publish();
    await settled(1);
    await change("deleted_at = now()");
    await node.events.until(async () => {
      await pass(60_000);
      return (await owed()).length === 0;
    });
    const { applicationId, endpointId, bucket } = endpoint;
    await node.engine.resend({ applicationId, endpointId, bucket, messageId });
    await node.events.until(async () => {
      await node.sweep();
      return (await owed()).length === 0;
    });
    expect(node.sender.requests).toHaveLength(1);
  });
});

describe("the next attempt", () => {
  const RETRY_MS = 5_000;

  test("goes to the new URL", async () => {
    node.sender.answer = () => REFUSED;
    await publish();
    await settled(1);
    await change("url = $3", ["http://elsewhere.test/"]);
    await pass(RETRY_MS);
    const { url } = await node.sender.nth(2);
    expect(url).toBe("http://elsewhere.test/");
    await settled(2);
    const text = "SELECT url FROM attempt WHERE application_id = $1 ORDER BY attempt_id";
    expect(await sql(node.storage, text, [tenant.applicationId])).toEqual([
      { url: endpoint.url },
      { url: "http://elsewhere.test/" },
    ]);
  });

  test("goes to the new URL when another node changed it and no notification came", async () => {
    node.engine.notified = () => undefined;
    node.sender.answer = () => REFUSED;
    await publish();
    await settled(1);
    await changeEndpoint(node.storage, endpoint, "url = $3", ["http://elsewhere.test/"]);
    node.sender.answer = () => answer();
    await publish();
    expect((await node.sender.nth(2)).url).toBe("http://elsewhere.test/");
  });

  test("carries the new headers", async () => {
    node.sender.answer = () => REFUSED;
    await publish();
    await settled(1);
    const place = endpointPlace(endpoint.endpointId, "headers");
    const headers = node.storage.vault.seal(JSON.stringify({ "X-Mine": "new" }), place);
    await change("headers = $3", [headers]);
    await pass(RETRY_MS);
    expect((await node.sender.nth(2)).headers).toMatchObject({ "X-Mine": "new" });
  });

  test("is signed by both secrets after a rotation, until the old one expires", async () => {
    const verifies = ({ headers, body }: SendRequest, secret: string): boolean => {
      const stamped = { ...headers, "webhook-timestamp": headers["webhook-timestamp"] ?? "" };
      try {
        new Webhook(secret).verify(Buffer.from(body), stamped);
        return true;
      } catch {
        return false;
      }
    };
    node.sender.answer = () => REFUSED;
    await publish();
    await settled(1);
    const fresh = formatSecret(randomBytes(24));
    await addSecret(node.storage, endpoint, fresh, clock.now() + RETRY_MS + 1_000);
    await change("updated_at = now()");
    await pass(RETRY_MS);
    const during = await node.sender.nth(2);
    expect(during.headers["svix-signature"]?.split(" ")).toHaveLength(2);
    expect([verifies(during, endpoint.secret), verifies(during, fresh)]).toEqual([true, true]);
    await settled(2);
    // The endpoint is still in memory as it was read while both secrets were valid.
    await pass(1_000);
    await publish();
    const after = await node.sender.nth(3);
    expect([verifies(after, endpoint.secret), verifies(after, fresh)]).toEqual([false, true]);
    const before = await node.sender.nth(1);
    expect([verifies(before, endpoint.secret), verifies(before, fresh)]).toEqual([true, false]);
  });
});

test("an endpoint that cannot be opened waits, keeps its deliveries, and holds up no other", async () => {
  const good = await createEndpoint(node.storage, tenant);
  const text = "UPDATE endpoint_secret SET sealed = '\\x01' WHERE endpoint_id = $1";
  await sql(node.storage, text, [endpoint.endpointId]);
  const messageId = await publish();
  await settled(2);
  expect(node.sender.requests.map(({ url }) => url)).toEqual([good.url]);
  await pass(60_000);
  await pass(60_000);
  expect(node.sender.requests).toHaveLength(1);
  expect(await owed()).toEqual([messageId]);
  const repaired = formatSecret(randomBytes(24));
  await sql(node.storage, "DELETE FROM endpoint_secret WHERE endpoint_id = $1", [
    endpoint.endpointId,
  ]);
  await addSecret(node.storage, endpoint, repaired);
  await change("updated_at = now()");
  expect((await node.sender.nth(2)).headers["svix-id"]).toBe(messageId);
});
