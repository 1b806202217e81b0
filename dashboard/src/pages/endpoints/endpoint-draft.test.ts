import { expect, test } from "vitest";
import {
  bodyOf,
  EMPTY_DRAFT,
  headerChanges,
  headerRow,
  headerRows,
  newEndpoint,
  problemOf,
} from "./endpoint-draft.ts";

test("what is empty clears, what is unlimited is null", () => {
  expect(bodyOf({ ...EMPTY_DRAFT, url: " https://example.com/ ", retry: "5s, 10m  1h" })).toEqual({
    url: "https://example.com/",
    description: "",
    eventTypes: null,
    throttleRate: null,
    retrySchedule: ["5s", "10m", "1h"],
  });
});

test("headers without a name are not sent", () => {
  const { headers } = newEndpoint(EMPTY_DRAFT, [headerRow("x-a", "1"), headerRow(" ", "2")]);
  expect(headers).toEqual({ "x-a": "1" });
  expect(newEndpoint(EMPTY_DRAFT, [headerRow()]).headers).toBeNull();
});

test("sealed headers stay unless they are given a value or removed", () => {
  const stored = { headers: { "x-a": "1", "x-b": "2" }, sensitive: ["authorization", "x-key"] };
  const rows = headerRows(stored);
  expect(headerChanges(stored, rows)).toEqual({
    headers: { "x-a": "1", "x-b": "2" },
    deleteHeaders: [],
  });
  const changed = rows
    .filter(({ name }) => name !== "x-b" && name !== "x-key")
    .map((row) => (row.name === "authorization" ? { ...row, value: "new" } : row));
  expect(headerChanges(stored, changed)).toEqual({
    headers: { "x-a": "1", authorization: "new" },
    deleteHeaders: ["x-b", "x-key"],
  });
});

test("an endpoint for no event, and a rate that is none, are said at once", () => {
  expect(problemOf(EMPTY_DRAFT)).toBeUndefined();
  expect(problemOf({ ...EMPTY_DRAFT, eventTypes: [] })).toMatchObject({ field: "eventTypes" });
  for (const rate of ["0", "-1", "1.5", "many", "12345678"]) {
    expect(problemOf({ ...EMPTY_DRAFT, rate })).toMatchObject({ field: "rate" });
  }
});
