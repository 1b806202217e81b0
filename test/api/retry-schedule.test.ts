/** An endpoint's own retry schedule: stored, refused, honoured, and what it will come to. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answer } from "../support/fake-sender.ts";
import { World } from "./world.ts";

const SERVERS = [5_000, 300_000];
let world: World;
let appId: string;

beforeAll(async () => {
  world = await World.open({}, { retryScheduleMs: SERVERS });
  appId = await world.application();
});
afterAll(() => world.close());

const pathOf = (endpointId: string): string => `/api/v1/app/${appId}/endpoint/${endpointId}`;

describe("the field", () => {
  test("is stored, shown in one form, kept by a patch that says nothing, cleared by null", async () => {
    const id = await world.endpoint(appId, { retrySchedule: ["1s", "90s", "120m", "7d"] });
    const shown = ["1s", "90s", "2h", "7d"];
    expect((await world.call("GET", pathOf(id))).body.retrySchedule).toEqual(shown);
    const patch = async (body: object): Promise<unknown> =>
      (await world.call("PATCH", pathOf(id), { body })).body.retrySchedule;
    expect(await patch({ description: "d" })).toEqual(shown);
    expect(await patch({ retrySchedule: ["5m"] })).toEqual(["5m"]);
    expect(await patch({ retrySchedule: [] })).toEqual([]);
    expect(await patch({ retrySchedule: null })).toBeNull();
    const url = "http://127.0.0.1:9999/webhooks";
    const put = { url, retrySchedule: ["3s"] };
    expect((await world.call("PUT", pathOf(id), { body: put })).body.retrySchedule).toEqual(["3s"]);
    const without = await world.call("PUT", pathOf(id), { body: { url } });
    expect(without.body.retrySchedule).toBeNull();
  });

  test("is there for operational webhooks, and for the official client to pass over", async () => {
    const path = "/api/v1/operational-webhook/endpoint";
    const body = { url: "http://127.0.0.1:9999/ops", retrySchedule: ["1s"] };
    const made = await world.call("POST", path, { body });
    expect([made.status, made.body.retrySchedule]).toEqual([201, ["1s"]]);
    const times = await world.call("GET", `${path}/${String(made.body.id)}/retry-schedule`);
    expect(times.body.effective).toEqual(["1s"]);
    const id = await world.endpoint(appId, { retrySchedule: ["4s"] });
    const svix = await world.client();
    await svix.endpoint.patch(appId, id, { description: "by svix" });
    expect((await world.call("GET", pathOf(id))).body.retrySchedule).toEqual(["4s"]);
  });

  test.each([
    [["999ms"], "[0]"],
    [["1s", "0s"], "[1]"],
    [["8d"], "[0]"],
    [["168.1h"], "[0]"],
    [["5"], "[0]"],
    [["-5s"], "[0]"],
    [["5 s"], "[0]"],
    [[""], "[0]"],
    [["1s", "2s", "soon"], "[2]"],
  ])("refuses %j and names the delay", async (retrySchedule, at) => {
    const body = { url: "http://127.0.0.1:9999/webhooks", retrySchedule };
    const id = await world.endpoint(appId);
    const asked: [string, string][] = [
      ["POST", `/api/v1/app/${appId}/endpoint`],
      ["PUT", pathOf(id)],
      ["PATCH", pathOf(id)],
      ["POST", "/api/v1/retry-schedule/preview"],
    ];
    for (const [method, path] of asked) {
      const refused = await world.call(method, path, { body });
      expect([refused.status, refused.body.detail[0].loc]).toEqual([
        422,
        ["body", "retrySchedule", at],
      ]);
      expect(refused.body.detail[0].msg).toContain("from 1s to 7d");
    }
  });

  test.each([[Array(21).fill("1s")], ["5s"], [[5]], [[null]], [{}]])(
    "refuses %j by its shape",
    async (retrySchedule) => {
      const body = { url: "http://127.0.0.1:9999/webhooks", retrySchedule };
      const refused = await world.call("POST", `/api/v1/app/${appId}/endpoint`, { body });
      expect(refused.status).toBe(422);
      expect(refused.body.detail[0].loc.slice(0, 2)).toEqual(["body", "retrySchedule"]);
    },
  );

  test("takes twenty delays", async () => {
    const retrySchedule = Array.from({ length: 20 }, () => "7d");
    const id = await world.endpoint(appId, { retrySchedule });
    expect((await world.call("GET", pathOf(id))).body.retrySchedule).toHaveLength(20);
  });
});

test("deliveries follow it, and see its change", async () => {
  world.node.sender.answer = () => answer(500);
  const own = await world.application();
  const body = { url: "http://127.0.0.1:9999/webhooks", retrySchedule: ["2h"] };
  await world.call("POST", `/api/v1/app/${own}/endpoint`, { body });
  const id = await world.message(own);
  await world.attempts(own, id, 1);
  const { body: page } = await world.call("GET", `/api/v1/app/${own}/msg/${id}/endpoint`);
  const wait = Date.parse(page.data[0].nextAttempt) - Date.now();
  expect(wait).toBeGreaterThan(1.9 * 3_600_000);
  expect(wait).toBeLessThanOrEqual(2 * 3_600_000);
});

describe("its times", () => {
  const start = "2026-11-24T08:00:00.000Z";

  test("are those of the endpoint, from the start asked for", async () => {
    const id = await world.endpoint(appId, { retrySchedule: ["10s", "1m"] });
    const path = `${pathOf(id)}/retry-schedule`;
    const { status, body } = await world.call("GET", `${path}?start=${start}`);
    expect(status).toBe(200);
    expect(body).toEqual({
      retrySchedule: ["10s", "1m"],
      effective: ["10s", "1m"],
      attempts: [
        { attempt: 1, delay: null, delayMs: null, earliest: start, at: start, latest: start },
        {
          attempt: 2,
          delay: "10s",
          delayMs: 10_000,
          earliest: "2026-11-24T08:00:08.000Z",
          at: "2026-11-24T08:00:10.000Z",
          latest: "2026-11-24T08:00:12.000Z",
        },
        {
          attempt: 3,
          delay: "1m",
          delayMs: 60_000,
          earliest: "2026-11-24T08:00:56.000Z",
          at: "2026-11-24T08:01:10.000Z",
          latest: "2026-11-24T08:01:24.000Z",
        },
      ],
    });
  });

  test("of an endpoint without one are the server's, from now on", async () => {
    const id = await world.endpoint(appId);
    const { body } = await world.call("GET", `${pathOf(id)}/retry-schedule`);
    expect([body.retrySchedule, body.effective]).toEqual([null, ["5s", "5m"]]);
    expect(Math.abs(Date.parse(body.attempts[0].at) - Date.now())).toBeLessThan(60_000);
  });

  test("can be seen before anything is stored", async () => {
    const preview = (body: object): ReturnType<World["call"]> =>
      world.call("POST", "/api/v1/retry-schedule/preview", { body });
    const own = await preview({ retrySchedule: ["1h"], start });
    expect(own.body.attempts[1].at).toBe("2026-11-24T09:00:00.000Z");
    expect((await preview({ retrySchedule: [] })).body.attempts).toHaveLength(1);
    expect((await preview({})).body).toMatchObject({
      retrySchedule: null,
      effective: ["5s", "5m"],
    });
    for (const bad of ["tomorrow", "2026-11-24T08:00:00", "9999-12-31T23:59:59Z"]) {
      const refused = await preview({ start: bad });
      expect([refused.status, refused.body.detail[0].loc]).toEqual([422, ["body", "start"]]);
    }
  });

  test("of a bad start, or of an endpoint that is not there, are refused", async () => {
    const id = await world.endpoint(appId);
    const bad = await world.call("GET", `${pathOf(id)}/retry-schedule?start=9999-12-31T23:59:59Z`);
    expect([bad.status, bad.body.detail[0].loc]).toEqual([422, ["query", "start"]]);
    expect((await world.call("GET", `${pathOf("ep_none")}/retry-schedule`)).status).toBe(404);
  });
});
