import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { openStorage } from "../../test/support/test-node.ts";
import { arrayText } from "./array-text.ts";
import type { Storage } from "./storage.ts";

let database: TestDatabase;
let storage: Storage;

beforeAll(async () => {
  database = await createTestDatabase();
  storage = openStorage(database.url);
});

afterAll(async () => {
  await storage.close();
  await database.drop();
});

const odd = fc.constantFrom(
  "",
  "NULL",
  "null",
  '"',
  "\\",
  '\\"',
  "{",
  "}",
  ",",
  " a ",
  "\n",
  '"\n\t',
  '{"a":"\\\\ \\n"}',
  '"é€😀',
);
const text = fc.oneof(
  odd,
  fc.string().map((value) => value.replaceAll("\0", "")),
);

test("PostgreSQL reads every array as it was: texts, nulls, numbers, truth", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(text, fc.constant(null))),
      fc.array(text),
      fc.array(fc.oneof(fc.integer(), fc.constant(null))),
      fc.array(fc.boolean()),
      async (mixed, texts, numbers, flags) => {
        const asked = {
          name: "",
          text: "SELECT to_json($1::text[]) AS mixed, to_json($2::text[]) AS texts, to_json($3::int[]) AS numbers, to_json($4::boolean[]) AS flags",
        };
        const [row] = await storage.query(asked, [mixed, texts, numbers, flags]);
        expect(row).toEqual({ mixed, texts, numbers, flags });
      },
    ),
    { numRuns: 200 },
  );
});

test("bytes are refused: they travel as one parameter", () => {
  expect(() => arrayText([Buffer.from("a")])).toThrow("An array parameter holds: object.");
});
