/** Statistics out of counters: exact whether counted or not, whatever dies, and counted once. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type CountedEndpoint,
  countRecordedAttempts,
} from "../../src/storage/statistics/count-recorded-attempts.ts";
import { findUncountedEndpoints } from "../../src/storage/statistics/find-uncounted-endpoints.ts";
import { pruneStatistics } from "../../src/storage/statistics/prune-statistics.ts";
import { bucketOf } from "../../src/core/bucket.ts";
import { answer } from "../support/fake-sender.ts";
import { sql } from "../support/factories.ts";
import { type Answer, World } from "./world.ts";

const DAY_MS = 86_400_000;
let world: World;
let appId: string;
let endpointId: string;

beforeAll(async () => {
  world = await World.open({}, { counting: true, retryScheduleMs: [3_600_000] });
});
afterAll(() => world.close());
beforeEach(async () => {
  world.node.sender.answer = () => answer(200);
  appId = await world.application();
  endpointId = await world.endpoint(appId);
});

const read = (query = "", id = endpointId): Promise<Answer> =>
  world.call("GET", `/api/v1/app/${appId}/endpoint/${id}/statistics${query}`);

/** One message, attempted once; resolves when what the attempt tells of the endpoint is stored as well. */
async function send(status: number): Promise<void> {
  const { engine, events, sender } = world.node;
  sender.answer = () => answer(status);
  await world.attempts(appId, await world.message(appId), 1);
  await events.until(() => engine.health().unrecorded === 0);
}

const positionOf = async (): Promise<string | undefined> => {
  const [row] = await sql<{ counted_to: string }>(
    world.node.storage,
    "SELECT counted_to FROM attempt_count_position WHERE endpoint_id = $1",
    [endpointId],
  );
  return row?.counted_to;
};

describe("an endpoint's statistics", () => {
  test("of one that was sent nothing are zeros, a period for each hour", async () => {
    const { status, body } = await read();
    expect(status).toBe(200);
    expect(body).toMatchObject({
      endpointId,
      bucket: "hour",
      attempts: 0,
      failures: 0,
      p50Ms: null,
      p95Ms: null,
      complete: true,
      failingSince: null,
      waiting: 0,
      waitingMore: false,
      oldestWaitingAt: null,
    });
    expect(body.series).toHaveLength(25);
    expect(body.series.at(-1)).toMatchObject({ attempts: 0, p95Ms: null });
  });

  test("say what was attempted, before and after it is counted", async () => {
    await send(200);
    await send(503);
    const before = await read();
    expect(before.body).toMatchObject({ attempts: 2, successes: 1, failures: 1, waiting: 1 });
    await world.node.allCounted();
    expect(await positionOf()).toMatch(/^atmpt_/);
    const after = await read();
    expect(after.body).toEqual({ ...before.body, until: after.body.until });
    expect(Date.parse(after.body.oldestWaitingAt)).toBeLessThanOrEqual(Date.now());
    await send(200);
    expect((await read()).body).toMatchObject({ attempts: 3, successes: 2, failingSince: null });
    await world.node.allCounted();
    for (const bucket of ["minute", "hour", "day"]) {
      const { body } = await read(`?bucket=${bucket}`);
      expect(body).toMatchObject({ bucket, attempts: 3, successes: 2, failures: 1 });
      const sum = (body.series as { attempts: number }[]).reduce(
        (all, one) => all + one.attempts,
        0,
      );
      expect(sum).toBe(3);
      expect(body.p95Ms).toBeGreaterThanOrEqual(body.p50Ms);
    }
  });

  test("count an attempt once, however often and under whatever epoch they are asked to", async () => {
    await send(200);
    await world.node.allCounted();
    const { storage } = world.node;
    const bucket = bucketOf(endpointId);
    const [lease] = await sql<{ epoch: number }>(
      storage,
      "SELECT epoch FROM bucket_lease WHERE kind = 'delivery' AND bucket = $1",
      [bucket],
    );
    const epoch = lease?.epoch ?? 0;
    const now = Date.now();
    const upTo = { before: now + 1_000, now };
    const endpoint: CountedEndpoint = { applicationId: appId, endpointId, bucket, epoch };
    await Promise.all([1, 2, 3].map(() => countRecordedAttempts(storage, [endpoint], upTo)));
    expect((await read()).body.attempts).toBe(1);
    // As if a crash had come before it was counted: the next owner finds it by itself.
    await sql(storage, "DELETE FROM attempt_count WHERE endpoint_id = $1", [endpointId]);
    await sql(storage, "UPDATE attempt_count_position SET counted_to = '' WHERE endpoint_id = $1", [
      endpointId,
    ]);
    await countRecordedAttempts(storage, [{ ...endpoint, epoch: epoch - 1 }], upTo);
    expect(await positionOf()).toBe("");
    const { found } = await findUncountedEndpoints(storage, bucket, "");
    expect(found).toContainEqual({ applicationId: appId, endpointId });
    await Promise.all([1, 2, 3].map(() => countRecordedAttempts(storage, [endpoint], upTo)));
    const counted = await sql<{ attempts: number }>(
      storage,
      "SELECT attempts FROM attempt_count WHERE endpoint_id = $1",
      [endpointId],
    );
    expect(counted.map(({ attempts }) => attempts)).toEqual([1, 1]);
    expect((await read()).body.attempts).toBe(1);
  });

  test("outlive their minutes, not their retention", async () => {
    await send(200);
    await world.node.allCounted();
    const count = async (): Promise<number[]> => {
      const rows = await sql<{ seconds: number }>(
        world.node.storage,
        "SELECT seconds FROM attempt_count WHERE endpoint_id = $1 ORDER BY seconds",
        [endpointId],
      );
      return rows.map(({ seconds }) => seconds);
    };
    expect(await count()).toEqual([60, 3600]);
    const now = Date.now();
    await pruneStatistics(world.node.storage, { before: now - DAY_MS, now: now + DAY_MS });
    expect(await count()).toEqual([3600]);
    await pruneStatistics(world.node.storage, { before: now + DAY_MS, now });
    expect(await count()).toEqual([]);
  });

  test.each([
    ["until in the future", `?until=${new Date(Date.now() + DAY_MS).toISOString()}`, 400],
    ["more hours than 28 days", `?since=${new Date(Date.now() - 29 * DAY_MS).toISOString()}`, 400],
    [
      "minutes of yesterday",
      `?bucket=minute&since=${new Date(Date.now() - DAY_MS).toISOString()}` +
        `&until=${new Date(Date.now() - DAY_MS + 60_000).toISOString()}`,
      400,
    ],
    ["what is no time", "?since=yesterday", 422],
    ["another bucket", "?bucket=week", 422],
  ])("refuse %s", async (_name, query, status) => {
    expect((await read(query)).status).toBe(status);
  });

  test("of nobody are 404", async () => {
    expect((await read("", "ep_000000000000000000000000000")).status).toBe(404);
  });
});

test("all endpoints of an application come in one answer, page by page", async () => {
  const other = await world.endpoint(appId);
  await send(200);
  await world.node.allCounted();
  await send(500);
  const path = `/api/v1/app/${appId}/statistics`;
  const { body } = await world.call("GET", path);
  expect(body.done).toBe(true);
  expect(body.data).toMatchObject(
    [endpointId, other]
      .toSorted()
      .map((id) => ({ endpointId: id, attempts: 2, successes: 1, failures: 1, waiting: 1 })),
  );
  expect(body.data[0].series).toHaveLength(25);
  const first = await world.call("GET", `${path}?limit=1`);
  expect(first.body).toMatchObject({ done: false, data: [{ attempts: 2 }] });
  const second = await world.call("GET", `${path}?limit=1&iterator=${first.body.iterator}`);
  expect([...first.body.data, ...second.body.data]).toEqual(body.data);
});
