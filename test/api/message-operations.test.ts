/** Scheduled delivery, retention, expunging and prechecks through the official client (`svix-api.md` §8.5). */
import type { Svix } from "svix";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { expirePayloads } from "../../src/storage/messages/expire-payloads.ts";
import { refusal } from "./refusal.ts";
import { World } from "./world.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const eventType = "test.event";
const payload = { n: 1 };
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
  appId = await world.application();
  endpointId = await world.endpoint(appId);
});

describe("deliverAt", () => {
  test("holds the message back until then, and is shown", async () => {
    const deliverAt = new Date(Date.now() + 1_500);
    const made = await svix.message.create(appId, { eventType, payload, deliverAt });
    expect(made.deliverAt).toEqual(deliverAt);
    expect(await svix.message.get(appId, made.id)).toEqual(made);
    const { data: waiting } = await svix.messageAttempt.listAttemptedDestinations(appId, made.id);
    expect(waiting).toMatchObject([
      { id: endpointId, statusText: "sending", nextAttempt: deliverAt },
    ]);
    await world.attempts(appId, made.id, 1);
    const { data } = await svix.messageAttempt.listByEndpoint(appId, endpointId, {
      withMsg: true,
    });
    expect(data[0]).toMatchObject({ status: 0, triggerType: 0, msg: { deliverAt } });
    expect(data[0]?.timestamp.getTime()).toBeGreaterThanOrEqual(deliverAt.getTime());
  });

  test("in the past means now; too far ahead or no time is refused", async () => {
    const past = new Date(Date.now() - HOUR_MS);
    const made = await svix.message.create(appId, { eventType, payload, deliverAt: past });
    await world.attempts(appId, made.id, 1);
    const far = new Date(Date.now() + 31 * DAY_MS);
    const create = svix.message.create(appId, { eventType, payload, deliverAt: far });
    expect((await refusal(create)).code).toBe(422);
    const path = `/api/v1/app/${appId}/msg`;
    const body = { eventType, payload, deliverAt: "tomorrow" };
    expect((await world.call("POST", path, { body })).status).toBe(422);
  });

  test("without a payload by then it is canceled; to older clients that is a failure", async () => {
    const deliverAt = new Date(Date.now() + 1_500);
    const { id } = await svix.message.create(appId, { eventType, payload, deliverAt });
    await svix.message.expungeContent(appId, id);
    const count = world.node.sender.requests.length;
    await world.attempts(appId, id, 1);
    expect(world.node.sender.requests).toHaveLength(count);
    const list = async (query: string): Promise<unknown[]> => {
      const lists = [`attempt/msg/${id}`, `attempt/endpoint/${endpointId}`];
      const paths = [...lists, `endpoint/${endpointId}/msg`, `msg/${id}/endpoint`];
      const wanted = query.includes("status=") ? paths.slice(0, 3) : paths;
      const answers = wanted.map((path) =>
        world.call("GET", `/api/v1/app/${appId}/${path}?${query}`),
      );
      return (await Promise.all(answers)).map(({ body }) => body.data[0]?.statusText);
    };
    expect(await list("expanded_statuses=true")).toEqual(Array(4).fill("canceled"));
    expect(await list("")).toEqual(Array(4).fill("fail"));
    expect(await list("status=2")).toEqual(Array(3).fill("fail"));
    expect(await list("status=2&expanded_statuses=true")).toEqual(Array(3).fill(undefined));
    expect(await list("status=4&expanded_statuses=true")).toEqual(Array(3).fill("canceled"));
    expect(await list("status=1")).toEqual(Array(3).fill(undefined));
    expect(await svix.endpoint.getStats(appId, endpointId)).toMatchObject({ fail: 0, canceled: 1 });
    const { data } = await svix.messageAttempt.listByMsg(appId, id, { expandedStatuses: true });
    const one = await world.call("GET", `/api/v1/app/${appId}/msg/${id}/attempt/${data[0]?.id}`);
    expect(one.body.status).toBe(2);
  });
});

describe("retention", () => {
  const shown = async (id: string): Promise<unknown> =>
    (await svix.message.get(appId, id, { withContent: true })).payload;

  test("removes payloads when their time is over, and no others", async () => {
    const create = async (fields: object): Promise<string> =>
      (await svix.message.create(appId, { eventType, payload, ...fields })).id;
    const hour = await create({ payloadRetentionHours: 1 });
    const days = await create({ payloadRetentionPeriod: 5 });
    const always = await create({});
    const { storage } = world.node;
    await expirePayloads(storage, Date.now());
    expect(await shown(hour)).toEqual(payload);
    await expirePayloads(storage, Date.now() + HOUR_MS + 60_000);
    expect(await shown(hour)).toEqual({ expired: true });
    expect(await shown(days)).toEqual(payload);
    await expirePayloads(storage, Date.now() + 6 * DAY_MS);
    expect(await shown(days)).toEqual({ expired: true });
    expect(await shown(always)).toEqual(payload);
  });

  test("is given in days or hours, not both", async () => {
    const both = { payloadRetentionHours: 1, payloadRetentionPeriod: 5 };
    const create = svix.message.create(appId, { eventType, payload, ...both });
    expect((await refusal(create)).code).toBe(422);
  });
});

test("bulk expunge takes ids and eventIds, and tells which are not there", async () => {
  const first = await world.message(appId);
  const second = await world.message(appId, { eventId: "second" });
  const kept = await world.message(appId);
  const elsewhere = await world.message(await world.application());
  const ids = [first, "second", elsewhere, "nothing"];
  expect(await svix.message.bulkExpungeContent(appId, { ids })).toEqual({
    results: {
      [first]: "expunged",
      second: "expunged",
      [elsewhere]: "not-found",
      nothing: "not-found",
    },
  });
  const options = { withContent: true };
  for (const id of [first, second]) {
    expect((await svix.message.get(appId, id, options)).payload).toEqual({ expired: true });
  }
  expect((await svix.message.get(appId, kept, options)).payload).toEqual(payload);
  expect(await svix.message.bulkExpungeContent(appId)).toEqual({ results: {} });
});

test("precheck knows whether anyone listens", async () => {
  const active = async (type: string, channels?: string[]): Promise<boolean> => {
    const message = { eventType: type, ...(channels !== undefined && { channels }) };
    return (await svix.message.precheck(appId, message)).active;
  };
  expect(await active("any.type")).toBe(true);
  await svix.endpoint.patch(appId, endpointId, { eventTypes: ["push.failed"], channels: ["c"] });
  expect(await active("any.type", ["c"])).toBe(false);
  expect(await active("push.failed")).toBe(false);
  expect(await active("push.failed", ["other", "c"])).toBe(true);
  await svix.endpoint.patch(appId, endpointId, { disabled: true });
  expect(await active("push.failed", ["c"])).toBe(false);
});

test("the raw payload is what was sent in, byte for byte", async () => {
  const bytes = '{"b":1.0,  "a":[1e2,"\\u00fc"]}';
  const path = `/api/v1/app/${appId}/msg`;
  const body = `{"eventType":"x","payload":${bytes}}`;
  const made = await world.call("POST", path, { body });
  const raw = await world.call("GET", `${path}/${made.body.id}/raw`);
  expect([raw.status, raw.text, raw.headers["content-type"]]).toEqual([
    200,
    bytes,
    "application/json",
  ]);
  await svix.message.expungeContent(appId, String(made.body.id));
  const gone = await world.call("GET", `${path}/${made.body.id}/raw`);
  expect([gone.status, gone.body.code]).toEqual([400, "missing_payload"]);
});
