import { afterEach, beforeEach, expect, test } from "vitest";
import { inject } from "vitest";
import { randomBytes } from "node:crypto";
import pg from "pg";
import { migrate } from "./migrate.ts";

const baseUrl = inject("databaseUrl");
let name: string;
let url: string;

async function run(databaseUrl: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

beforeEach(async () => {
  name = `test_${randomBytes(8).toString("hex")}`;
  url = baseUrl.replace("/amps?", `/${name}?`);
  await run(baseUrl, `CREATE DATABASE ${name}`);
});

afterEach(() => run(baseUrl, `DROP DATABASE ${name}`));

test("an empty database gets every migration once, whoever starts first", async () => {
  const applied = await Promise.all([migrate(url), migrate(url), migrate(url)]);
  const names = applied.flat();
  expect(names[0]).toBe("0001-initial.sql");
  expect(new Set(names).size).toBe(names.length);
  expect(names).toEqual(names.toSorted());
  expect(await migrate(url)).toEqual([]);
  const rows = await run(url, "SELECT name FROM migration ORDER BY number");
  expect(rows).toEqual(names.map((applied1) => ({ name: applied1 })));
});

test("a migration that was changed after it was applied is refused, by name", async () => {
  await migrate(url);
  await run(url, "UPDATE migration SET checksum = 'other' WHERE number = 1");
  await expect(migrate(url)).rejects.toThrow("0001-initial.sql was changed");
});

test("a schema newer than the program is left alone", async () => {
  await migrate(url);
  const later =
    "INSERT INTO migration (number, name, checksum) VALUES (9999, '9999-later.sql', 'x')";
  await run(url, later);
  expect(await migrate(url)).toEqual([]);
});

test("a failing migration leaves nothing of itself and keeps its cause", async () => {
  await run(url, "CREATE TABLE bucket_lease (in_the_way integer)");
  const error = await migrate(url).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(Error);
  expect(String(error)).toContain("0001-initial.sql failed");
  expect(error).toHaveProperty("cause.code", "42P07");
  const rows = await run(url, "SELECT to_regclass('environment') AS environment");
  expect(rows).toEqual([{ environment: null }]);
  await run(url, "DROP TABLE bucket_lease");
  expect((await migrate(url))[0]).toBe("0001-initial.sql");
});
