import { expect, test } from "vitest";
import { formatSkipped } from "./closing-line.ts";

test("nothing skipped, nothing said", () => {
  expect(formatSkipped([])).toBe("");
});

test("every skipped test is named, each reason told once", () => {
  const said = formatSkipped([
    { name: "a.test.ts > one", reason: "no browser. To run them: apt-get install -y chromium" },
    { name: "b.test.ts > two", reason: "only Linux" },
    { name: "a.test.ts > three", reason: "no browser. To run them: apt-get install -y chromium" },
    { name: "c.test.ts > four", reason: "" },
  ]);
  expect(said.split("\n")).toEqual([
    "skipped  2 tests: no browser. To run them: apt-get install -y chromium",
    "  a.test.ts > one",
    "  a.test.ts > three",
    "skipped  1 test: only Linux",
    "  b.test.ts > two",
    "skipped  1 test: without a reason given",
    "  c.test.ts > four",
    "",
  ]);
});
