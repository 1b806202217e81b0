import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { sql, testVault } from "../../test/support/factories.ts";
import { DEADLOCK, sqlState, statement, statements, Storage, UNIQUE_VIOLATION } from "./storage.ts";

let database: TestDatabase;
let storage: Storage;
const warnings: string[] = [];
const log = {
  debug() {},
  info() {},
  warn: (_: object, message: string) => void warnings.push(message),
  error() {},
};

beforeAll(async () => {
  database = await createTestDatabase();
  storage = new Storage({ connectionUrl: database.url, vault: testVault, log, poolSize: 3 });
});

afterAll(async () => {
  await storage.close();
  await database.drop();
});

const unnamed = (text: string): { name: string; text: string } => ({ name: "", text });

describe("values", () => {
  test.each([
    ["2026-11-24 01:54:00.123+00", Date.UTC(2026, 10, 24, 1, 54, 0, 123)],
    ["2026-11-24 01:54:00.123999+00", Date.UTC(2026, 10, 24, 1, 54, 0, 123)],
    ["2026-11-24 01:54:00+00", Date.UTC(2026, 10, 24, 1, 54)],
    ["2026-11-24 01:54:00+05:30", Date.UTC(2026, 10, 23, 20, 24)],
    ["1970-01-01 00:00:00+00", 0],
  ])("the time %s comes out as Unix milliseconds", async (text, expected) => {
    const [row] = await sql<{ at: number }>(storage, `SELECT timestamptz '${text}' AS at`);
    expect(row?.at).toBe(expected);
  });

  test("every millisecond survives the way in and out", async () => {
    const times = Array.from({ length: 1000 }, (_, ms) => 1_800_000_000_000 + ms);
    const rows = await sql<{ at: number }>(
      storage,
      "SELECT to_timestamp(t / 1000) AS at FROM unnest($1::float8[]) WITH ORDINALITY u(t, n) ORDER BY n",
      [times],
    );
    expect(rows.map(({ at }) => at)).toEqual(times);
  });

  test("bigint comes out as a number, bytea as bytes", async () => {
    const rows = await sql(
      storage,
      "SELECT 9007199254740991::bigint AS big, '\\x00ff'::bytea AS b",
    );
    expect(rows).toEqual([{ big: Number.MAX_SAFE_INTEGER, b: Buffer.from([0, 255]) }]);
  });
});

test("now is null without an injected clock, and the clock's with one", async () => {
  expect(storage.now()).toBeNull();
  const options = { connectionUrl: database.url, vault: testVault, log, now: () => 42 };
  const simulated = new Storage(options);
  expect(simulated.now()).toBe(42);
  await simulated.close();
});

test("two statements cannot share a name", () => {
  statement("a name of this test", "SELECT 1");
  expect(() => statement("a name of this test", "SELECT 2")).toThrow("a name of this test");
  statements.delete("a name of this test");
});

describe("transaction", () => {
  beforeAll(() => sql(storage, "CREATE TABLE spoon (number integer PRIMARY KEY)"));

  const insert = unnamed("INSERT INTO spoon (number) VALUES ($1)");
  const count = async (): Promise<unknown> => {
    const [row] = await sql(storage, "SELECT count(*)::int AS n FROM spoon");
    return row?.["n"];
  };

  test("commits all of it, or nothing", async () => {
    await storage.transaction(async (queries) => {
      await queries.query(insert, [1]);
      await queries.query(insert, [2]);
    });
    expect(await count()).toBe(2);
    const failing = storage.transaction(async (queries) => {
      await queries.query(insert, [3]);
      await queries.query(insert, [1]);
    });
    await expect(failing).rejects.toSatisfy((error) => sqlState(error) === UNIQUE_VIOLATION);
    expect(await count()).toBe(2);
    const thrown = storage.transaction(async (queries) => {
      await queries.query(insert, [3]);
      throw new Error("changed its mind");
    });
    await expect(thrown).rejects.toThrow("changed its mind");
    expect(await count()).toBe(2);
  });

  test("E09: a backend that is killed in the middle fails the transaction, not the process", async () => {
    const before = await count();
    const failing = storage.transaction(async (queries) => {
      await queries.query(insert, [10]);
      const [row] = await queries.query(unnamed("SELECT pg_backend_pid() AS pid"), []);
      await sql(storage, "SELECT pg_terminate_backend($1, 5000)", [row?.["pid"]]);
      // The connection's end arrives while no statement is under way.
      await new Promise((resolve) => setImmediate(resolve));
      await queries.query(insert, [11]);
    });
    await expect(failing).rejects.toThrow();
    expect(await count()).toBe(before);
  });

  test("E09: idle connections that are killed are replaced", async () => {
    await Promise.all([1, 2, 3].map(() => sql(storage, "SELECT pg_sleep(0.01)")));
    await sql(
      storage,
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'amps'`,
    );
    const results = await Promise.allSettled(
      Array.from({ length: 6 }, () => sql(storage, "SELECT 1 AS one")),
    );
    const healed = await Promise.all([1, 2, 3].map(() => sql(storage, "SELECT 1 AS one")));
    expect(healed).toEqual([[{ one: 1 }], [{ one: 1 }], [{ one: 1 }]]);
    expect(results.some(({ status }) => status === "fulfilled")).toBe(true);
    expect(warnings.length).toBeGreaterThan(0);
  });
});

test("sqlState tells the database's errors from all others", async () => {
  await expect(sql(storage, "SELECT 1 / 0")).rejects.toSatisfy((e) => sqlState(e) === "22012");
  expect(sqlState(new Error("plain"))).toBeUndefined();
  expect(sqlState(Object.assign(new Error("odd"), { code: 7 }))).toBeUndefined();
  expect(sqlState("40P01")).toBeUndefined();
  expect(DEADLOCK).toBe("40P01");
});
