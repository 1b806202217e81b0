import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../test/support/database.ts";
import { createIds, sql } from "../../../test/support/factories.ts";
import { type FaultyStorage, openStorage } from "../../../test/support/test-node.ts";
import { dropPartitions, ensurePartitions, weekStart } from "./partitions.ts";

/** A Tuesday. */
const NOW = Date.UTC(2026, 10, 24, 13);
const WEEK_MS = 7 * 24 * 3_600_000;
let database: TestDatabase;
let storage: FaultyStorage;

beforeAll(async () => {
  database = await createTestDatabase();
  storage = openStorage(database.url);
});

afterAll(async () => {
  await storage.close();
  await database.drop();
});

async function partitionOf(at: number): Promise<string | undefined> {
  const messageId = createIds(() => at).make("msg_");
  const [row] = await sql<{ name: string }>(
    storage,
    `INSERT INTO message (application_id, message_id, event_type) VALUES ('app', $1, 'a')
     RETURNING tableoid::regclass::text AS name`,
    [messageId],
  );
  return row?.name;
}

test("weeks begin on Monday", () => {
  expect(new Date(weekStart(NOW)).toISOString()).toBe("2026-11-23T00:00:00.000Z");
  expect(weekStart(Date.UTC(2026, 10, 23))).toBe(Date.UTC(2026, 10, 23));
  expect(weekStart(Date.UTC(2026, 10, 23) - 1)).toBe(Date.UTC(2026, 10, 16));
});

describe("partitions", () => {
  test("are made for last week, this and two more, by several nodes at once, each one time", async () => {
    const made = await Promise.all([1, 2, 3, 4].map(() => ensurePartitions(storage, NOW)));
    expect(made.flat().toSorted()).toEqual(
      ["attempt", "message"].flatMap((table) =>
        ["20261116", "20261123", "20261130", "20261207"].map((day) => `${table}_${day}`),
      ),
    );
    expect(await ensurePartitions(storage, NOW)).toEqual([]);
    expect(await ensurePartitions(storage, NOW + WEEK_MS)).toEqual([
      "message_20261214",
      "attempt_20261214",
    ]);
  });

  test("take the ids of their week, to the millisecond; others go to the default", async () => {
    const monday = Date.UTC(2026, 10, 23);
    expect(await partitionOf(monday)).toBe("message_20261123");
    expect(await partitionOf(monday - 4)).toBe("message_20261116");
    expect(await partitionOf(monday + WEEK_MS - 1)).toBe("message_20261123");
    expect(await partitionOf(monday + WEEK_MS)).toBe("message_20261130");
    expect(await partitionOf(NOW - 20 * WEEK_MS)).toBe("message_other");
  });

  test("are dropped only once their whole week is past", async () => {
    const end = Date.UTC(2026, 10, 23);
    expect(await dropPartitions(storage, end - 1)).toEqual([]);
    expect((await dropPartitions(storage, end)).toSorted()).toEqual([
      "attempt_20261116",
      "message_20261116",
    ]);
    expect(await partitionOf(NOW)).toBe("message_20261123");
  });
});
