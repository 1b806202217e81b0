/** Health: fast whatever the database does, few questions for many askers, and what the clocks say. */
import { afterEach, describe, expect, test } from "vitest";
import type { ApiDeps } from "../../src/api/deps.ts";
import { World } from "./world.ts";

let world: World;
let asked = 0;

async function open(ping: NonNullable<ApiDeps["ping"]>, health?: ApiDeps["health"]): Promise<void> {
  asked = 0;
  const counted: typeof ping = () => {
    asked += 1;
    return ping();
  };
  world = await World.open({ ping: counted, ...(health !== undefined && { health }) });
}

afterEach(() => world.close());

const look = (): ReturnType<World["call"]> => world.call("GET", "/api/v1/health", { key: null });
const timeAhead = (ms: number) => () => Promise.resolve({ writable: true, now: Date.now() + ms });

test("many askers cost one question a second", async () => {
  await open(timeAhead(0));
  const answers = await Promise.all(Array.from({ length: 50 }, look));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  await look();
  expect(asked).toBe(1);
  world.clock.aheadMs += 1_000;
  await look();
  expect(asked).toBe(2);
});

test("a database that hangs is told in time, is asked no second question, and is seen to return", async () => {
  const gate = Promise.withResolvers<void>();
  let hangs = true;
  await open(async () => {
    if (hangs) await gate.promise;
    return { writable: true, now: Date.now() };
  });
  world.clock.skip = true;
  for (let round = 0; round < 3; round += 1) {
    const answer = await look();
    expect(answer.status).toBe(503);
    expect(answer.body.database.detail).toContain("did not answer within 1000 ms");
    world.clock.aheadMs += 1_000;
  }
  expect(asked).toBe(1);
  world.clock.skip = false;
  hangs = false;
  gate.resolve();
  await expect
    .poll(async () => {
      world.clock.aheadMs += 1_000;
      return (await look()).status;
    })
    .toBe(200);
});

describe("clocks", () => {
  test.each([
    [29_000, 200, "ok"],
    [-31_000, 200, "warning"],
    [310_000, 503, "error"],
    [-310_000, 503, "error"],
  ])("%i ms apart are answered %i, %s", async (ms, status, clock) => {
    await open(timeAhead(ms));
    const answer = await look();
    expect([answer.status, answer.body.clock.status]).toEqual([status, clock]);
    expect(answer.body.database).toEqual({ status: "ok" });
    if (clock !== "ok") expect(answer.body.clock.detail).toContain("NTP");
  });
});

test("a replica is no database to write to", async () => {
  await open(() => Promise.resolve({ writable: false, now: Date.now() }));
  const answer = await look();
  expect([answer.status, answer.body.database.status]).toEqual([503, "error"]);
});

test("one unwell part makes the answer 503 and is named; a warning does not", async () => {
  const parts: Record<string, { status: "ok" | "warning" | "error"; detail?: string }> = {
    node: { status: "ok" },
    disk: { status: "warning", detail: "Look." },
  };
  await open(timeAhead(0), () => parts);
  expect((await look()).status).toBe(200);
  parts["engine"] = { status: "error", detail: "Results cannot be stored." };
  const answer = await look();
  expect(answer.status).toBe(503);
  expect(answer.body).toMatchObject(parts);
});
