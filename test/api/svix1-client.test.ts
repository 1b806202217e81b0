/** The last 1.x of the official client: who has not upgraded yet goes on as before (`svix-api.md` §11). */
import { Svix, Webhook } from "svix1";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { answer } from "../support/fake-sender.ts";
import { World } from "./world.ts";

const RECEIVER = "http://127.0.0.1:9999/hook";
let world: World;
let svix: Svix;
let appId: string;

beforeAll(async () => {
  world = await World.open();
  svix = new Svix(world.sandboxKey, { serverUrl: await world.listen() });
});
afterAll(() => world.close());

beforeEach(async () => {
  world.node.sender.answer = () => answer(200);
  appId = (await svix.application.create({ name: "1.x" })).id;
});

test("applications", async () => {
  const made = await svix.application.getOrCreate({ name: "a", uid: "one-x", rateLimit: 5 });
  expect(made).toMatchObject({ name: "a", uid: "one-x", rateLimit: 5 });
  expect(await svix.application.getOrCreate({ name: "b", uid: "one-x" })).toEqual(made);
  const updated = await svix.application.update("one-x", { name: "c", uid: "one-x" });
  expect(updated).toMatchObject({ id: made.id, name: "c" });
  expect((await svix.application.patch("one-x", { metadata: { m: "1" } })).metadata).toEqual({
    m: "1",
  });
  expect((await svix.application.list()).data.map(({ id }) => id)).toContain(made.id);
  await svix.application.delete("one-x");
});

test("event types", async () => {
  const schemas = { 1: { type: "object" } };
  await svix.eventType.create({ name: "one.x", description: "d", schemas, featureFlag: "f" });
  const updated = await svix.eventType.update("one.x", { description: "e", schemas });
  expect(updated).toMatchObject({ name: "one.x", description: "e", schemas });
  expect((await svix.eventType.list()).data.map(({ name }) => name)).toContain("one.x");
  await svix.eventType.delete("one.x");
});

test("endpoints, with what 1.x requires of them", async () => {
  const made = await svix.endpoint.create(appId, {
    url: RECEIVER,
    version: 1,
    filterTypes: ["push.failed"],
    rateLimit: 9,
  });
  expect(made).toMatchObject({ version: 1, filterTypes: ["push.failed"], rateLimit: 9 });
  await svix.endpoint.updateHeaders(appId, made.id, { headers: { "X-One": "1" } });
  expect((await svix.endpoint.getHeaders(appId, made.id)).headers).toEqual({ "X-One": "1" });
  const updated = await svix.endpoint.update(appId, made.id, { url: `${RECEIVER}/2` });
  expect(updated).toMatchObject({ id: made.id, url: `${RECEIVER}/2` });
  expect((await svix.endpoint.list(appId)).data.map(({ id }) => id)).toEqual([made.id]);
  await svix.endpoint.rotateSecret(appId, made.id, {});
  await svix.endpoint.delete(appId, made.id);
});

describe("messages", () => {
  test("with their content by default, delivered and verified", async () => {
    const { id: endpointId } = await svix.endpoint.create(appId, { url: RECEIVER });
    const count = world.node.sender.requests.length;
    const made = await svix.message.create(appId, { eventType: "x", payload: { n: 1 } });
    expect(made.payload).toEqual({ n: 1 });
    expect((await svix.message.get(appId, made.id)).payload).toEqual({ n: 1 });
    expect((await svix.message.list(appId)).data).toEqual([made]);
    const { key } = await svix.endpoint.getSecret(appId, endpointId);
    const request = await world.node.sender.nth(count + 1);
    new Webhook(key).verify(Buffer.from(request.body), request.headers);
  });

  test("attempts of one, resend, recover and statistics", async () => {
    world.node.sender.answer = () =>
      answer(500, { headers: { webhookDelivery: "abort-message" }, body: Buffer.from("no") });
    const { id: endpointId } = await svix.endpoint.create(appId, { url: RECEIVER });
    const { id } = await svix.message.create(appId, { eventType: "x", payload: {} });
    await world.attempts(appId, id, 1);
    const { data } = await svix.messageAttempt.listByMsg(appId, id);
    expect(data).toMatchObject([{ status: 2, response: "no", responseStatusCode: 500 }]);
    world.node.sender.answer = () => answer(200);
    await svix.messageAttempt.resend(appId, id, endpointId);
    await world.attempts(appId, id, 2);
    expect(await svix.endpoint.getStats(appId, endpointId)).toMatchObject({ success: 1, fail: 1 });
    const since = new Date(Date.now() - 60_000);
    const task = await svix.endpoint.recover(appId, endpointId, { since });
    expect((await svix.backgroundTask.get(task.id)).task).toBe("endpoint.recover");
    const messages = await svix.messageAttempt.listAttemptedMessages(appId, endpointId);
    expect(messages.data).toMatchObject([{ id, status: 0, payload: {} }]);
  });
});

test("operational webhooks", async () => {
  const { endpoint } = svix.operationalWebhook;
  const { id } = await endpoint.create({ url: RECEIVER, filterTypes: ["endpoint.disabled"] });
  expect((await endpoint.get(id)).filterTypes).toEqual(["endpoint.disabled"]);
  await endpoint.delete(id);
});

test("health", async () => {
  await expect(svix.health.get()).resolves.not.toThrow();
});
