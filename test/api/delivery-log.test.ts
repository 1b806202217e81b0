/** The delivery log: every row once in both directions, every filter, and searches that are never endless. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { waitingFor } from "../../src/api/attempts/waiting-for.ts";
import { createIds, sql } from "../support/factories.ts";
import { answer, REFUSED } from "../support/fake-sender.ts";
import { type Answer, World } from "./world.ts";

let world: World;
let appId: string;

beforeAll(async () => {
  world = await World.open({}, { retryScheduleMs: [3_600_000] });
});
afterAll(() => world.close());
beforeEach(async () => {
  world.node.sender.answer = () => answer(200);
  appId = await world.application();
});

const list = (query = "", what = "delivery"): Promise<Answer> =>
  world.call("GET", `/api/v1/app/${appId}/${what}${query}`);

/** One message, attempted by all of the application's endpoints. */
async function send(fields: object = {}, endpoints = 1): Promise<string> {
  const id = await world.message(appId, fields);
  await world.attempts(appId, id, endpoints);
  return id;
}

const keyOf = (row: { msgId: string; endpointId: string }): string =>
  `${row.msgId}.${row.endpointId}`;

describe("deliveries", () => {
  test("are one row per message and endpoint, with how each stands", async () => {
    const good = await world.endpoint(appId);
    const id = await send({ eventId: "order-1", channels: ["c"], tags: ["t"], eventType: "a.b" });
    const bad = await world.endpoint(appId);
    world.node.sender.answer = ({ url }) => answer(url.endsWith("bad") ? 503 : 200);
    await world.call("PATCH", `/api/v1/app/${appId}/endpoint/${bad}`, {
      body: { url: "http://127.0.0.1:9999/bad" },
    });
    const second = await send({}, 2);
    const { status, body } = await list();
    expect(status).toBe(200);
    expect(body.done).toBe(true);
    expect(body.data).toHaveLength(3);
    expect(body.data[2]).toEqual({
      msgId: id,
      endpointId: good,
      eventType: "a.b",
      eventId: "order-1",
      channels: ["c"],
      tags: ["t"],
      createdAt: body.data[2].createdAt,
      deliverAt: null,
      status: "delivered",
      attempts: 1,
      nextAttempt: null,
      waitingFor: null,
      lastAttempt: {
        id: expect.stringMatching(/^atmpt_/),
        timestamp: expect.any(String),
        responseStatusCode: 200,
        responseDurationMs: expect.any(Number),
        errorCode: null,
        errorMessage: null,
        triggerType: 0,
      },
    });
    const failing = body.data.find(({ endpointId }: { endpointId: string }) => endpointId === bad);
    expect(failing).toMatchObject({
      msgId: second,
      status: "backing_off",
      waitingFor: "retry",
      attempts: 1,
      nextAttempt: expect.any(String),
      lastAttempt: { responseStatusCode: 503, errorCode: "status" },
    });
    await world.call("PATCH", `/api/v1/app/${appId}/endpoint/${bad}`, { body: { disabled: true } });
    const parked = await list("?status=parked");
    expect(parked.body.data).toMatchObject([
      { endpointId: bad, status: "parked", waitingFor: "endpoint_disabled" },
    ]);
  });

  test("that wait say why, unless only another node knows", async () => {
    await world.endpoint(appId);
    const deliverAt = new Date(Date.now() + 3_600_000).toISOString();
    const id = await world.message(appId, { deliverAt });
    expect((await list("?status=waiting")).body.data).toMatchObject([
      { msgId: id, status: "waiting", waitingFor: "scheduled", attempts: 0, lastAttempt: null },
    ]);
    const destinations = await list("", `msg/${id}/endpoint`);
    expect(destinations.body.data).toMatchObject([
      { statusText: "sending", waitingFor: "scheduled" },
    ]);
    const messages = await list("", `endpoint/${destinations.body.data[0].id}/msg`);
    expect(messages.body.data).toMatchObject([{ id, waitingFor: "scheduled" }]);
    await sql(world.node.storage, "UPDATE delivery SET due_at = now() WHERE message_id = $1", [id]);
    expect((await list()).body.data).toMatchObject([{ waitingFor: "turn" }]);
    const delivery = { nextAttemptAt: 1, disabled: false, deliverAt: null, endpointId: "ep_1" };
    const held = { because: "throttled" as const, until: 3 };
    const engine = (owns: boolean): never => ({ owns: () => owns, waiting: () => held }) as never;
    expect(waitingFor({ engine: engine(true) }, delivery, 2)).toBe("throttled");
    expect(waitingFor({ engine: engine(false) }, delivery, 2)).toBe("unknown");
  });

  test("come a page at a time, each once, forwards and backwards", async () => {
    for (let made = 0; made < 3; made += 1) await world.endpoint(appId);
    for (let sent = 0; sent < 4; sent += 1) await send({}, 3);
    const { body: whole } = await list();
    const all: string[] = whole.data.map(keyOf);
    expect(all).toHaveLength(12);
    expect(all).toEqual(all.toSorted().toReversed());
    const seen: string[] = [];
    let iterator = "";
    let last: Answer | undefined;
    for (let done = false; !done;) {
      last = await list(`?limit=5${iterator}`);
      seen.push(...last.body.data.map(keyOf));
      ({ done } = last.body);
      iterator = `&iterator=${last.body.iterator}`;
    }
    expect(seen).toEqual(all);
    const back = await list(`?limit=5&iterator=${last?.body.prevIterator}`);
    expect(back.body.data.map(keyOf)).toEqual(all.slice(5, 10));
    const further = await list(`?limit=5&iterator=${back.body.prevIterator}`);
    expect(further.body.data.map(keyOf)).toEqual(all.slice(0, 5));
    expect(further.body.done).toBe(true);
    const none = await list(`?limit=5&iterator=${further.body.prevIterator}`);
    expect(none.body).toMatchObject({ data: [], done: true });
    // New rows are found from the newest that was seen.
    const id = await send({}, 3);
    const fresh = await list(`?iterator=-${all[0]}`);
    expect(fresh.body.data.map(({ msgId }: { msgId: string }) => msgId)).toEqual([id, id, id]);
  });

  test.each([
    ["status", "status=delivered", 1],
    ["several statuses", "status=delivered,exhausted", 1],
    ["owed", "status=backing_off", 1],
    ["event type", "event_types=odd", 1],
    ["channel", "channel=odd", 1],
    ["tag", "tag=odd", 1],
    ["text", "text=needle", 1],
    ["text that is nowhere", "text=haystack", 0],
    ["class of the answer", "outcome=2xx", 1],
    ["classes", "outcome=2xx,timeout", 2],
    ["status code", "status_code=200", 1],
    ["error code", "error_code=timeout", 1],
    ["slowness", "slower_than_ms=500", 1],
    ["before", `before=${new Date(Date.now() - 3_600_000).toISOString()}`, 0],
    ["after", `after=${new Date(Date.now() - 3_600_000).toISOString()}`, 2],
  ])("are filtered by %s", async (_name, query, count) => {
    const endpointId = await world.endpoint(appId, { uid: `uid-${appId}` });
    const odd = { eventType: "odd", channels: ["odd"], tags: ["odd"], payload: { x: "needle" } };
    await send(odd);
    world.node.sender.answer = () => ({ ...REFUSED, code: "timeout", durationMs: 600 });
    await send();
    for (const what of ["delivery", "attempt"]) {
      if (what === "attempt" && query.startsWith("status=")) continue;
      const { status, body } = await list(`?${query}`, what);
      expect([status, body.data?.length], `${what} ${query}`).toEqual([200, count]);
      for (const name of [endpointId, `uid-${appId}`]) {
        const same = await list(`?${query}&endpoint_id=${name}`, what);
        expect(same.body.data).toEqual(body.data);
      }
      const other = "ep_000000000000000000000000000";
      expect((await list(`?${query}&endpoint_id=${other}`, what)).body.data).toEqual([]);
    }
  });

  test("are searched a bounded number at a time, to the last", async () => {
    const endpointId = await world.endpoint(appId);
    const needle = await send({ payload: { x: "needle" } });
    const ids = createIds();
    const hay = Array.from({ length: 1_100 }, () => ids.make("msg_"));
    await sql(
      world.node.storage,
      `INSERT INTO message (application_id, message_id, event_type, payload)
       SELECT $1, unnest($2::text[]), 'a', '{}'`,
      [appId, hay],
    );
    await sql(
      world.node.storage,
      `INSERT INTO attempt (application_id, attempt_id, endpoint_id, message_id, event_type, trigger,
         succeeded, response_status, response_body, duration_ms, url, attempted_at)
       SELECT $1, replace(id, 'msg_', 'atmpt_'), $2, id, 'a', 0, true, 200, '', 1, '', now()
       FROM unnest($3::text[]) AS id`,
      [appId, endpointId, hay],
    );
    for (const what of ["delivery", "attempt"]) {
      const found: string[] = [];
      let calls = 0;
      let iterator = "";
      for (let done = false; !done; calls += 1) {
        const { body } = await list(`?text=needle${iterator}`, what);
        found.push(...body.data.map(({ msgId }: { msgId: string }) => msgId));
        ({ done } = body);
        iterator = `&iterator=${body.iterator}`;
      }
      expect(found, what).toEqual([needle]);
      expect(calls, what).toBeGreaterThan(1);
    }
  });

  test.each([
    ["an iterator of nothing", "?iterator=nonsense"],
    ["half an iterator", "?iterator=msg_000000000000000000000000000.ep_1"],
    ["an unknown status", "?status=lost"],
    ["an unknown outcome", "?outcome=6xx"],
    ["no text", "?text="],
    ["before without its zone", "?before=2026-01-01"],
  ])("refuse %s", async (_name, query) => {
    expect((await list(query)).status).toBe(422);
  });

  test("of an unknown endpoint's uid are 404", async () => {
    expect((await list("?endpoint_id=nobody")).status).toBe(404);
  });
});

describe("attempts of all endpoints", () => {
  test("are merged by time, each once, forwards and backwards", async () => {
    for (let made = 0; made < 3; made += 1) await world.endpoint(appId);
    for (let sent = 0; sent < 4; sent += 1) await send({}, 3);
    const { body: whole } = await list("", "attempt");
    const all: string[] = whole.data.map(({ id }: { id: string }) => id);
    expect(all).toHaveLength(12);
    expect(all).toEqual(all.toSorted().toReversed());
    const first = await list("?limit=5", "attempt");
    const second = await list(`?limit=7&iterator=${first.body.iterator}`, "attempt");
    expect([...first.body.data, ...second.body.data]).toEqual(whole.data);
    expect(second.body.done).toBe(true);
    const back = await list(`?limit=5&iterator=${second.body.prevIterator}`, "attempt");
    expect(back.body.data).toEqual(first.body.data);
  });

  test("are of the application only", async () => {
    await world.endpoint(appId);
    await send();
    appId = await world.application();
    for (const what of ["attempt", "delivery"]) {
      expect((await list("", what)).body).toEqual({
        data: [],
        iterator: null,
        prevIterator: null,
        done: true,
      });
    }
  });
});
