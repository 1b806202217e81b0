/** Statistics of an endpoint and sending it an example, through the official client (`svix-api.md` §8.2). */
import type { Svix } from "svix";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { answer } from "../support/fake-sender.ts";
import { refusal } from "./refusal.ts";
import { World } from "./world.ts";

const DAY_MS = 86_400_000;
let world: World;
let svix: Svix;
let appId: string;
let endpointId: string;

beforeAll(async () => {
  world = await World.open();
  svix = await world.client();
});
afterAll(() => world.close());

beforeEach(async () => {
  world.node.sender.answer = () => answer(200);
  appId = await world.application();
  endpointId = await world.endpoint(appId);
});

describe("statistics", () => {
  test("count attempts, not messages, by how they ended", async () => {
    const none = { success: 0, pending: 0, sending: 0, fail: 0, canceled: 0 };
    expect(await svix.endpoint.getStats(appId, endpointId)).toEqual(none);
    const good = await world.message(appId);
    await world.attempts(appId, good, 1);
    world.node.sender.answer = () => answer(500);
    const bad = await world.message(appId);
    await world.attempts(appId, bad, 1);
    expect(await svix.endpoint.getStats(appId, endpointId)).toEqual({
      ...none,
      success: 1,
      sending: 1,
    });
    // It is delivered by hand: nothing waits any more, so its first attempt is a failure.
    world.node.sender.answer = () => answer(200);
    await svix.messageAttempt.resend(appId, bad, endpointId);
    await world.attempts(appId, bad, 2);
    expect(await svix.endpoint.getStats(appId, endpointId)).toEqual({
      ...none,
      success: 2,
      fail: 1,
    });
    const until = new Date(Date.now() - DAY_MS);
    expect(await svix.endpoint.getStats(appId, endpointId, { until })).toEqual(none);
  });

  test.each([
    ["until in the future", { until: new Date(Date.now() + DAY_MS) }],
    ["more than 28 days", { since: new Date(Date.now() - 29 * DAY_MS) }],
    ["since after until", { since: new Date(), until: new Date(Date.now() - DAY_MS) }],
  ])("refuse %s", async (_name, range) => {
    const error = await refusal(svix.endpoint.getStats(appId, endpointId, range));
    expect([error.code, error.body.code]).toEqual([400, "invalid_range"]);
  });
});

describe("an example", () => {
  test("reaches this endpoint whatever it asks for, and no other", async () => {
    const picky = await world.endpoint(appId, { eventTypes: ["push.failed"], channels: ["c"] });
    const count = world.node.sender.requests.length;
    const sent = await svix.endpoint.sendExample(appId, picky, { eventType: "push.completed" });
    expect(sent.eventType).toBe("push.completed");
    const type = await svix.eventType.get("push.completed");
    expect(sent.payload).toEqual(type.schemas["1"].examples[0]);
    const { body } = await world.node.sender.nth(count + 1);
    expect(JSON.parse(Buffer.from(body).toString())).toEqual(sent.payload);
    const { body: attempts } = await world.attempts(appId, sent.id, 1);
    expect(attempts.data).toMatchObject([{ endpointId: picky, status: 0, triggerType: 0 }]);
    const destinations = await svix.messageAttempt.listAttemptedDestinations(appId, sent.id);
    expect(destinations.data.map(({ id }) => id)).toEqual([picky]);
  });

  test("is chosen by its index", async () => {
    const examples = [{ n: 0 }, { n: 1 }];
    const type = { description: "", schemas: { 1: { examples } } };
    await svix.eventType.upsert("with.examples", type);
    const send = (exampleIndex: number): Promise<{ payload: unknown }> =>
      svix.endpoint.sendExample(appId, endpointId, { eventType: "with.examples", exampleIndex });
    expect((await send(1)).payload).toEqual({ n: 1 });
    const missing = await refusal(send(2));
    expect([missing.code, missing.body.code]).toEqual([400, "invalid_scheme"]);
  });

  test("needs an event type that exists and has one, and an endpoint that is enabled", async () => {
    await svix.eventType.upsert("without.examples", { description: "" });
    const send = (eventType: string): Promise<unknown> =>
      svix.endpoint.sendExample(appId, endpointId, { eventType });
    expect((await refusal(send("without.examples"))).body.code).toBe("invalid_scheme");
    expect((await refusal(send("no.such.type"))).code).toBe(404);
    await svix.endpoint.patch(appId, endpointId, { disabled: true });
    expect((await refusal(send("push.completed"))).body.code).toBe("endpoint_disabled");
  });
});

test("redrive-dlq is answered, and only to those who may write", async () => {
  const path = "/api/v1/admin/redrive-dlq";
  expect((await world.call("POST", path)).status).toBe(204);
  expect((await world.call("POST", path, { key: null })).status).toBe(401);
});
