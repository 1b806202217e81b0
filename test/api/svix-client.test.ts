/** The official client against the real server: what every language's client needs (`svix-api.md` §11). */
import { type Svix, Webhook } from "svix";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answer } from "../support/fake-sender.ts";
import { refusal } from "./refusal.ts";
import { World } from "./world.ts";

let world: World;
let svix: Svix;
let appId: string;
const URL = "http://127.0.0.1:9999/hook";

beforeAll(async () => {
  world = await World.open();
  svix = await world.client();
  appId = (await svix.application.create({ name: "client tests", uid: "client-tests" })).id;
});
afterAll(() => world.close());

describe("applications", () => {
  test("create, get by id and uid, list, delete", async () => {
    const made = await svix.application.create({
      name: "one",
      uid: "one",
      throttleRate: 10,
      metadata: { plan: "gold" },
    });
    expect(made).toMatchObject({ name: "one", uid: "one", throttleRate: 10 });
    expect(made.id).toMatch(/^app_[0-9A-Za-z]{27}$/);
    expect(made.createdAt.getTime()).toBeGreaterThan(Date.now() - 60_000);
    expect(await svix.application.get("one")).toEqual(made);
    expect(await svix.application.get(made.id)).toEqual(made);
    const listed = await svix.application.list();
    expect(listed.data.map((application) => application.id)).toContain(made.id);
    expect(await svix.application.delete("one")).toBeUndefined();
    expect((await refusal(svix.application.get(made.id))).code).toBe(404);
    const again = await svix.application.create({ name: "again", uid: "one" });
    expect(again.id).not.toBe(made.id);
  });

  test("getOrCreate twice with one uid is the same application", async () => {
    const first = await svix.application.getOrCreate({ name: "a", uid: "twice" });
    const second = await svix.application.getOrCreate({ name: "b", uid: "twice" });
    expect(second).toEqual(first);
    expect((await refusal(svix.application.create({ name: "c", uid: "twice" }))).code).toBe(409);
  });

  test("one idempotency key gives one application", async () => {
    const options = { idempotencyKey: "app-key-1" };
    const first = await svix.application.create({ name: "idempotent" }, options);
    const second = await svix.application.create({ name: "idempotent" }, options);
    expect(second).toEqual(first);
  });

  test("patch: absent keeps, null clears, metadata is replaced whole", async () => {
    const made = await svix.application.create({
      name: "patched",
      uid: "patched",
      throttleRate: 5,
      metadata: { a: "1", b: "2" },
    });
    const renamed = await svix.application.patch(made.id, { name: "renamed" });
    expect(renamed).toMatchObject({ name: "renamed", uid: "patched", throttleRate: 5 });
    expect(renamed.metadata).toEqual({ a: "1", b: "2" });
    const changed = await svix.application.patch(made.id, { metadata: { c: "3" }, uid: null });
    expect(changed.metadata).toEqual({ c: "3" });
    expect(changed.uid ?? null).toBeNull();
    const set = await svix.application.patch(made.id, { uid: "patched-2", throttleRate: null });
    expect(set.uid).toBe("patched-2");
    expect(set.throttleRate ?? null).toBeNull();
    expect(set.updatedAt.getTime()).toBeGreaterThanOrEqual(made.updatedAt.getTime());
  });

  test("update replaces, and creates what is not there", async () => {
    const made = await svix.application.upsert("put-app", { name: "put", uid: "put-app" });
    const updated = await svix.application.upsert("put-app", { name: "put again", uid: "put-app" });
    expect(updated).toMatchObject({ id: made.id, name: "put again" });
  });
});

describe("event types", () => {
  test("create, conflict, archive, bring back, expunge", async () => {
    const schemas = { 1: { type: "object", title: "Ordér", $defs: { z: 1, a: 2 } } };
    const made = await svix.eventType.create({
      name: "order.made",
      description: "d",
      schemas,
      groupName: "order",
      featureFlags: ["beta"],
    });
    expect(made).toMatchObject({ name: "order.made", schemas, archived: false, deprecated: false });
    expect(made).toMatchObject({ groupName: "order", featureFlags: ["beta"] });
    const taken = await refusal(svix.eventType.create({ name: "order.made", description: "x" }));
    expect([taken.code, taken.body.code]).toEqual([409, "event_type_exists"]);
    await svix.eventType.delete("order.made");
    const named = async (includeArchived: boolean): Promise<string[]> =>
      (await svix.eventType.list({ includeArchived })).data.map(({ name }) => name);
    expect(await named(false)).not.toContain("order.made");
    expect(await named(true)).toContain("order.made");
    const back = await svix.eventType.create({ name: "order.made", description: "new" });
    expect(back).toMatchObject({ archived: false, description: "new" });
    await svix.eventType.delete("order.made", { expunge: true });
    expect((await refusal(svix.eventType.get("order.made"))).code).toBe(404);
  });

  test("patch and update; lists have schemas only when asked", async () => {
    const schemas = { 1: { b: 1, a: 2 } };
    await svix.eventType.upsert("user.seen", { description: "put", schemas });
    const patched = await svix.eventType.patch("user.seen", { description: "patched" });
    expect(patched).toMatchObject({ description: "patched", schemas });
    const find = async (withContent: boolean): Promise<unknown> =>
      (await svix.eventType.list({ withContent })).data.find(({ name }) => name === "user.seen")
        ?.schemas;
    expect(await find(false)).toBeUndefined();
    expect(await find(true)).toEqual(schemas);
    expect((await svix.eventType.patch("user.seen", { schemas: null })).schemas).toBeNull();
  });

  test("the events of pushes are there from the start, with examples", async () => {
    for (const name of ["push.completed", "push.failed"]) {
      const found = await svix.eventType.get(name);
      expect(found.schemas["1"].examples[0].actionType).toBe("battery:set_operation_mode");
    }
  });
});

describe("endpoints", () => {
  test.each([
    ["url alone", {}],
    ["channels", { channels: ["a", "b"] }],
    ["metadata", { metadata: { team: "x" } }],
    ["secret", { secret: `whsec_${"e".repeat(32)}` }],
    [
      "all together",
      {
        channels: ["a"],
        metadata: { team: "x" },
        secret: `whsec_${"f".repeat(32)}`,
        description: "all",
        throttleRate: 7,
        disabled: true,
        eventTypes: ["push.completed"],
      },
    ],
  ])("create with %s", async (_name, fields) => {
    const { secret, ...shown } = fields as { secret?: string };
    const made = await svix.endpoint.create(appId, { url: URL, ...fields });
    expect(made).toMatchObject({ url: URL, ...shown });
    expect(made.id).toMatch(/^ep_[0-9A-Za-z]{27}$/);
    expect(await svix.endpoint.get(appId, made.id)).toEqual(made);
    const { key } = await svix.endpoint.getSecret(appId, made.id);
    expect(key).toMatch(/^whsec_[A-Za-z0-9+/]{32}$/);
    expect([key, undefined]).toContain(secret);
    await svix.endpoint.delete(appId, made.id);
    expect((await refusal(svix.endpoint.get(appId, made.id))).code).toBe(404);
  });

  test("null and absent: new lists are null, PATCH keeps, null clears", async () => {
    const made = await svix.endpoint.create(appId, { url: URL, uid: "nulls" });
    expect(made.eventTypes ?? null).toBeNull();
    expect(made.channels ?? null).toBeNull();
    await svix.endpoint.patch(appId, "nulls", { channels: ["x", "y"] });
    const typed = await svix.endpoint.patch(appId, "nulls", { eventTypes: ["push.failed"] });
    expect(typed).toMatchObject({ channels: ["x", "y"], eventTypes: ["push.failed"] });
    const cleared = await svix.endpoint.patch(appId, "nulls", { channels: null });
    expect(cleared.channels ?? null).toBeNull();
    expect(cleared.eventTypes).toEqual(["push.failed"]);
    await svix.endpoint.patch(appId, "nulls", { metadata: { a: "1" } });
    expect((await svix.endpoint.patch(appId, "nulls", { metadata: { b: "2" } })).metadata).toEqual({
      b: "2",
    });
    const freed = await svix.endpoint.patch(appId, "nulls", { uid: null });
    expect(freed.uid ?? null).toBeNull();
  });

  test("upsert creates, then replaces and keeps secret and headers", async () => {
    const made = await svix.endpoint.upsert(appId, "up", { url: URL, uid: "up", channels: ["a"] });
    await svix.endpoint.setHeaders(appId, "up", { headers: { "X-One": "1" } });
    const { key } = await svix.endpoint.getSecret(appId, "up");
    const updated = await svix.endpoint.upsert(appId, "up", { url: `${URL}/2`, uid: "up" });
    expect(updated).toMatchObject({ id: made.id, url: `${URL}/2` });
    expect(updated.channels ?? null).toBeNull();
    expect((await svix.endpoint.getSecret(appId, "up")).key).toBe(key);
    expect((await svix.endpoint.getHeaders(appId, "up")).headers).toEqual({ "X-One": "1" });
  });

  test("headers: set, patch, redact", async () => {
    const { id } = await svix.endpoint.create(appId, {
      url: URL,
      headers: { "X-First": "kept", Authorization: "Bearer s3cret" },
    });
    expect(await svix.endpoint.getHeaders(appId, id)).toEqual({
      headers: { "X-First": "kept" },
      sensitive: ["Authorization"],
    });
    await svix.endpoint.patchHeaders(appId, id, {
      headers: { "x-first": "changed", "X-Second": "2" },
      deleteHeaders: ["authorization"],
    });
    expect(await svix.endpoint.getHeaders(appId, id)).toEqual({
      headers: { "x-first": "changed", "X-Second": "2" },
      sensitive: [],
    });
    await svix.endpoint.setHeaders(appId, id, { headers: { "X-Api-Key": "k", "X-Third": "3" } });
    expect(await svix.endpoint.getHeaders(appId, id)).toEqual({
      headers: { "X-Third": "3" },
      sensitive: ["X-Api-Key"],
    });
  });

  test("an unknown event type is refused with its name", async () => {
    const error = await refusal(
      svix.endpoint.create(appId, { url: URL, eventTypes: ["push.failed", "no.such.type"] }),
    );
    expect(error.code).toBe(422);
    const [item] = (error.body as { detail?: { loc: string[]; msg: string }[] }).detail ?? [];
    expect(item).toMatchObject({ loc: ["body", "eventTypes"] });
    expect(item?.msg).toContain("no.such.type");
    expect(item?.msg).not.toContain("push.failed");
  });
});

describe("messages", () => {
  test("create, get by id and eventId, duplicate, expunge", async () => {
    const made = await svix.message.create(
      appId,
      {
        eventType: "invoice.paid",
        payload: { b: 1, a: [1.5, "ü"] },
        eventId: "inv-1",
        channels: ["c1"],
        tags: ["t/1"],
      },
      { withContent: true },
    );
    expect(made).toMatchObject({
      eventType: "invoice.paid",
      payload: { b: 1, a: [1.5, "ü"] },
      eventId: "inv-1",
      channels: ["c1"],
      tags: ["t/1"],
    });
    expect(await svix.message.get(appId, "inv-1", { withContent: true })).toEqual(made);
    expect((await svix.message.get(appId, made.id)).payload).toEqual({});
    const twice = svix.message.create(appId, { eventType: "x", payload: {}, eventId: "inv-1" });
    expect((await refusal(twice)).code).toBe(409);
    await svix.message.expungeContent(appId, "inv-1");
    const gone = await svix.message.get(appId, "inv-1", { withContent: true });
    expect(gone.payload).toEqual({ expired: true });
  });

  test("one idempotency key gives one message, another body is refused", async () => {
    const options = { idempotencyKey: "msg-key-1" };
    const message = { eventType: "test.idem", payload: { n: 1 } };
    const first = await svix.message.create(appId, message, options);
    expect(await svix.message.create(appId, message, options)).toEqual(first);
    const other = svix.message.create(appId, { ...message, payload: { n: 2 } }, options);
    expect((await refusal(other)).code).toBe(422);
  });

  test("brings its application along", async () => {
    const application = { name: "brought", uid: "brought" };
    const message = { eventType: "x", payload: {}, application };
    const first = await svix.message.create("brought", message);
    const second = await svix.message.create("brought", message);
    const listed = (await svix.message.list("brought")).data.map(({ id }) => id);
    expect(listed.toSorted()).toEqual([first.id, second.id].toSorted());
    const mismatch = await refusal(svix.message.create("not-brought", message));
    expect(mismatch.code).toBe(422);
    expect(JSON.stringify(mismatch.body)).toContain("application_uid_mismatch");
  });

  test("pages loop forwards and backwards over everything once", async () => {
    const { id } = await svix.application.create({ name: "pages" });
    const made: string[] = [];
    for (let n = 0; n < 7; n += 1) {
      made.push((await svix.message.create(id, { eventType: "p", payload: { n } })).id);
    }
    // Ids made within 4 ms have no order among themselves.
    const newestFirst = made.toSorted().toReversed();
    const seen: string[] = [];
    const pages: { ids: string[]; prevIterator: string | null | undefined }[] = [];
    let iterator: string | null = null;
    for (;;) {
      const page: Awaited<ReturnType<typeof svix.message.list>> = await svix.message.list(id, {
        limit: 3,
        iterator,
      });
      const ids = page.data.map((message) => message.id);
      seen.push(...ids);
      pages.push({ ids, prevIterator: page.prevIterator });
      ({ iterator } = page);
      if (page.done) break;
    }
    expect(seen).toEqual(newestFirst);
    expect(pages.map(({ ids }) => ids.length)).toEqual([3, 3, 1]);
    const back = await svix.message.list(id, { limit: 3, iterator: pages[2]?.prevIterator ?? "" });
    expect(back.data.map((message) => message.id)).toEqual(pages[1]?.ids);
    expect(back.done).toBe(false);
    const first = await svix.message.list(id, { limit: 3, iterator: back.prevIterator ?? "" });
    expect(first.data.map((message) => message.id)).toEqual(pages[0]?.ids);
    expect(first.done).toBe(true);
  });
});

describe("deliveries", () => {
  let endpointId: string;
  let deliveries: string;

  beforeAll(async () => {
    deliveries = (await svix.application.create({ name: "deliveries" })).id;
    endpointId = (await svix.endpoint.create(deliveries, { url: URL })).id;
  });

  test("a real delivery passes the client's verification, also after a rotation", async () => {
    const { key: oldKey } = await svix.endpoint.getSecret(deliveries, endpointId);
    await svix.endpoint.rotateSecret(deliveries, endpointId, { key: `whsec_${"A".repeat(32)}` });
    const { key } = await svix.endpoint.getSecret(deliveries, endpointId);
    expect(key).toBe(`whsec_${"A".repeat(32)}`);
    const count = world.node.sender.requests.length;
    const { id } = await svix.message.create(deliveries, { eventType: "v", payload: { ok: true } });
    const request = await world.node.sender.nth(count + 1);
    expect(request.headers["svix-id"]).toBe(id);
    const body = Buffer.from(request.body);
    expect(body.toString()).toBe('{"ok":true}');
    for (const secret of [oldKey, key]) new Webhook(secret).verify(body, request.headers);
    const foreign = new Webhook(`whsec_${"B".repeat(32)}`);
    expect(() => foreign.verify(body, request.headers)).toThrow(/signature/i);
    await world.attempts(deliveries, id, 1);
  });

  test("attempts: by message, by endpoint, one, destinations, expunge, resend", async () => {
    world.node.sender.answer = () => answer(500, { body: Buffer.from("broken") });
    const { id } = await svix.message.create(deliveries, { eventType: "a", payload: { n: 1 } });
    await world.attempts(deliveries, id, 1);
    const byMessage = await svix.messageAttempt.listByMsg(deliveries, id, { withContent: true });
    const [attempt] = byMessage.data;
    expect(attempt).toMatchObject({
      msgId: id,
      endpointId,
      url: URL,
      response: "broken",
      responseStatusCode: 500,
      status: 3,
      statusText: "sending",
      triggerType: 0,
    });
    const byEndpoint = await svix.messageAttempt.listByEndpoint(deliveries, endpointId, {
      withMsg: true,
    });
    expect(byEndpoint.data[0]).toMatchObject({ id: attempt?.id, msg: { id, payload: {} } });
    const one = await svix.messageAttempt.get(deliveries, id, attempt?.id ?? "");
    expect(one).toEqual(attempt);
    const messages = await svix.messageAttempt.listAttemptedMessages(deliveries, endpointId);
    expect(messages.data[0]).toMatchObject({ id, status: 3, statusText: "sending" });
    expect(messages.data[0]?.nextAttempt).toBeInstanceOf(Date);
    const destinations = await svix.messageAttempt.listAttemptedDestinations(deliveries, id);
    expect(destinations.data).toMatchObject([{ id: endpointId, url: URL, status: 3 }]);

    world.node.sender.answer = () => answer(200);
    expect(await svix.messageAttempt.resend(deliveries, id, endpointId)).toEqual({});
    await world.attempts(deliveries, id, 2);
    const after = await svix.messageAttempt.listByMsg(deliveries, id);
    expect(after.data[0]).toMatchObject({ status: 0, triggerType: 1, responseStatusCode: 200 });
    const stands = await svix.messageAttempt.listAttemptedDestinations(deliveries, id);
    expect(stands.data[0]).toMatchObject({ status: 0, statusText: "success" });

    await svix.messageAttempt.expungeContent(deliveries, id, attempt?.id ?? "");
    const expunged = await svix.messageAttempt.get(deliveries, id, attempt?.id ?? "");
    expect(expunged.response).toBe("EXPUNGED");
  });
});

test("what is not built says so, in JSON", async () => {
  const error = await refusal(svix.connector.list());
  expect(error.code).toBe(501);
  expect(JSON.stringify(error.body)).toContain("not_implemented");
});
