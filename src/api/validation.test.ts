/** Reading query strings by schema, and date-times. */
import { Type, type TSchema } from "typebox";
import { describe, expect, test } from "vitest";
import { ApiError } from "./errors.ts";
import { compileValidator, parseDateTime } from "./validation.ts";

const schema = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1 })),
  flag: Type.Optional(Type.Boolean()),
  list: Type.Optional(Type.Array(Type.String())),
  numbers: Type.Optional(Type.Array(Type.Integer())),
  text: Type.Optional(Type.String()),
});

function read(query: Record<string, unknown>, wanted: TSchema = schema): unknown {
  const validate = compileValidator({
    schema: wanted,
    method: "GET",
    url: "/",
    httpPart: "querystring",
  });
  const result: unknown = validate(query);
  const { value, error } = result as { value?: unknown; error?: unknown };
  return value ?? error;
}

describe("query strings", () => {
  test.each([
    [{ limit: "5" }, { limit: 5 }],
    [{ flag: "true" }, { flag: true }],
    [{ flag: "false" }, { flag: false }],
    [{ text: "5" }, { text: "5" }],
    [{ text: "true" }, { text: "true" }],
    [{ list: "a" }, { list: ["a"] }],
    [{ list: "a,b" }, { list: ["a", "b"] }],
    [{ list: ["a", "b,c"] }, { list: ["a", "b", "c"] }],
    [{ "list[]": ["a", "b"] }, { list: ["a", "b"] }],
    [{ "list[0]": "a", "list[1]": "b", list: "c" }, { list: ["a", "b", "c"] }],
    [{ numbers: "1,2" }, { numbers: [1, 2] }],
    [{ list: "" }, { list: [] }],
    [{ unknown: "x" }, { unknown: "x" }],
    [
      { __proto__: null, constructor: "x", toString: "y" },
      { constructor: "x", toString: "y" },
    ],
  ])("%j is %j", (query, expected) => {
    expect({ ...(read(query) as object) }).toEqual(expected);
  });

  test.each([
    { limit: "x" },
    { limit: "0" },
    { limit: "1.0" },
    { limit: " 1" },
    { limit: ["1", "2"] },
    { flag: "1" },
    { numbers: "1,x" },
    { text: ["a", "b"] },
  ])("%j is refused", (query) => {
    expect(read(query)).toBeInstanceOf(ApiError);
  });

  test("a closed schema names every unknown parameter", () => {
    const closed = Type.Object(
      { a: Type.Optional(Type.String()) },
      { additionalProperties: false },
    );
    const error = read({ b: "1", c: "2" }, closed);
    expect(error).toMatchObject({
      items: [
        { loc: ["query", "b"], type: "value_error.unknown" },
        { loc: ["query", "c"], type: "value_error.unknown" },
      ],
    });
  });
});

describe("date-times", () => {
  test.each([
    ["2026-01-01T00:00:00Z", Date.UTC(2026, 0, 1)],
    ["2026-01-01T00:00:00.123Z", Date.UTC(2026, 0, 1) + 123],
    ["2026-01-01T02:00:00+02:00", Date.UTC(2026, 0, 1)],
    ["2026-01-01t00:00:00z", Date.UTC(2026, 0, 1)],
    ["2026-01-01T00:00:00.123456789Z", Date.UTC(2026, 0, 1) + 123],
  ])("%s", (text, time) => {
    expect(parseDateTime(text)).toBe(time);
  });

  test.each([
    "2026-01-01",
    "2026-01-01T00:00:00",
    "2026-13-01T00:00:00Z",
    "2026-01-01T25:00:00Z",
    "275761-01-01T00:00:00Z",
    "1767225600",
    "now",
    "",
  ])("%j is none", (text) => {
    expect(parseDateTime(text)).toBeUndefined();
  });
});
