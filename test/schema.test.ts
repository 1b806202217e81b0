import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { createTestDatabase } from "./support/database.ts";
import { dumpSchema } from "./support/dump-schema.ts";

test("schema.sql is what the migrations make; `npm run schema` renews it", async () => {
  const database = await createTestDatabase();
  const made = await dumpSchema(database.url);
  await database.drop();
  expect(made).toBe(await readFile(new URL("../schema.sql", import.meta.url), "utf8"));
});
