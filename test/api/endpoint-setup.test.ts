/** What a page asks while somebody sets up an endpoint: URLs judged in advance, overlap of secrets, sums. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { World } from "./world.ts";

let world: World;
let appId: string;

beforeAll(async () => {
  world = await World.open();
  appId = await world.application();
});
afterAll(() => world.close());

const path = (rest: string): string => `/api/v1/app/${appId}${rest}`;

test("a URL is judged as it would be when it is stored, and nothing is stored", async () => {
  const check = (url: string) => world.call("POST", path("/endpoint/check"), { body: { url } });
  expect(await check("https://Example.com/hooks")).toMatchObject({
    status: 200,
    body: {
      accepted: true,
      url: "https://example.com/hooks",
      code: null,
      detail: null,
      warning: null,
    },
  });
  expect((await check("http://example.com/")).body).toMatchObject({
    accepted: true,
    warning: expect.stringContaining("Plain http"),
  });
  for (const url of [
    "",
    "ftp://example.com/",
    "https://169.254.169.254/",
    "https://a.example:22/",
  ]) {
    const { body } = await check(url);
    const stored = await world.call("POST", path("/endpoint"), { body: { url } });
    expect(stored.status).toBe(422);
    const [refusal] = stored.body.detail as { msg: string; type: string }[];
    expect(body).toMatchObject({
      accepted: false,
      url: null,
      code: refusal?.type,
      detail: refusal?.msg,
    });
  }
  expect((await world.call("GET", path("/endpoint"))).body.data).toEqual([]);
  const elsewhere = "/api/v1/app/nobodys/endpoint/check";
  expect((await world.call("POST", elsewhere, { body: { url: "x" } })).status).toBe(404);
});

test("rotated secrets are listed until when they sign, never what they are", async () => {
  const endpointId = await world.endpoint(appId);
  const old = async () =>
    (await world.call("GET", path(`/endpoint/${endpointId}/secret/old`))).body;
  const rotate = (gracePeriodSeconds: number) =>
    world.call("POST", path(`/endpoint/${endpointId}/secret/rotate`), {
      body: { gracePeriodSeconds },
    });
  expect(await old()).toEqual({ data: [] });
  expect((await rotate(3600)).status).toBe(204);
  const { data } = await old();
  expect(data).toHaveLength(1);
  expect(Object.keys(data[0] as object).toSorted()).toEqual(["createdAt", "expiresAt"]);
  const [{ expiresAt }] = data as [{ expiresAt: string }];
  const leftMs = Date.parse(expiresAt) - world.clock.now();
  expect(leftMs).toBeGreaterThan(3_500_000);
  expect(leftMs).toBeLessThanOrEqual(3_600_000);
  expect((await rotate(0)).status).toBe(204);
  expect((await old()).data).toHaveLength(1);
});

test("an application's statistics are those of its endpoints together", async () => {
  const own = await world.application();
  const of = `/api/v1/app/${own}`;
  const total = async () => (await world.call("GET", `${of}/statistics/total`)).body;
  expect(await total()).toMatchObject({
    endpoints: 0,
    attempts: 0,
    p95Ms: null,
    waiting: 0,
    oldestWaitingAt: null,
  });
  const [good] = [await world.endpoint(own), await world.endpoint(own, { disabled: true })];
  const messageId = await world.message(own);
  await world.attempts(own, messageId, 1);
  const one = (await world.call("GET", `${of}/endpoint/${good}/statistics`)).body;
  const sum = await total();
  expect(sum).toMatchObject({ endpoints: 2, disabled: 1, attempts: 1 });
  for (const name of ["attempts", "successes", "failures", "p50Ms", "p95Ms", "series"]) {
    expect(sum[name]).toEqual(one[name]);
  }
  const wrong = await world.call(
    "GET",
    `${of}/statistics/total?bucket=minute&since=2020-01-01T00:00:00Z`,
  );
  expect(wrong.status).toBe(400);
});
