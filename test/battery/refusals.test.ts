/** Everything the battery API refuses: the code, what fixes it, and that nothing was changed. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RefusalCode } from "../../src/battery/refusals.ts";
import { sql } from "../support/factories.ts";
import { BatteryApi } from "./battery-api.ts";
import { addDevice } from "./battery-node.ts";

let api: BatteryApi;

beforeAll(async () => {
  api = await BatteryApi.start();
});

afterAll(async () => {
  await api.stop();
});

const CHARGE = {
  action: {
    command: "charge",
    parameters: { target: { value: 90, unit: "percent" }, power: { value: 3, unit: "kw" } },
  },
};
const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown;

async function device(ending = ""): Promise<string> {
  const { environmentId } = api.environments.sandbox;
  return (await addDevice(api.node.storage, environmentId, { ending })).deviceId;
}

async function rowCount(): Promise<unknown> {
  const rows = await sql(
    api.node.storage,
    `SELECT (SELECT count(*) FROM action) AS actions, (SELECT count(*) FROM idempotency) AS keys`,
  );
  return rows[0];
}

interface Refused {
  name: string;
  body: unknown;
  status: number;
  code: RefusalCode;
  details: Record<string, unknown>;
}

const action = (changes: object): object => ({ action: { command: "charge", ...changes } });
const parameter = (name: string, value: unknown, unit = "percent"): object =>
  action({ parameters: { [name]: { value, unit } } });
const future = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();

type UnreadableCase = [name: string, body: unknown, status: number, details: object];
const UNREADABLE: UnreadableCase[] = [
  ["text", "{", 400, { reason: "json.invalid" }],
  ["nothing", "", 400, { reason: "json.invalid" }],
  ["a trailing comma", '{"action":{},}', 400, { reason: "json.invalid" }],
  ["a byte order mark", "\ufeff{}", 400, { reason: "json.invalid" }],
  ["a key twice", '{"action":{},"action":{}}', 400, { reason: "json.duplicate_key" }],
  ["deep nesting", `{"a":${"[".repeat(200)}${"]".repeat(200)}}`, 400, { reason: "json.depth" }],
  ["a list", [], 422, { reason: "field.invalid" }],
  ["null", "null", 422, { reason: "field.invalid" }],
  ["no action", {}, 422, { fields: [{ field: "action", problem: "action is required." }] }],
  ["no command", { action: {} }, 422, { fields: [{ field: "action.command" }] }],
  ["unknown fields", { ...CHARGE, mode: 1, x: 2 }, 422, { unknownFields: ["mode", "x"] }],
  ["an unknown field inside", action({ mode: "x" }), 422, { unknownFields: ["action.mode"] }],
  ["__proto__", '{"action":{"command":"idle"},"__proto__":{}}', 422, { reason: "field.unknown" }],
  ["constructor", { ...CHARGE, constructor: 1 }, 422, { unknownFields: ["constructor"] }],
  ["a bare number", action({ parameters: { target: 90 } }), 422, { reason: "field.invalid" }],
  ["text for a number", parameter("target", "90"), 422, { reason: "field.invalid" }],
  ["no unit", action({ parameters: { target: { value: 1 } } }), 422, { reason: "field.invalid" }],
  ["null for start", action({ start: null }), 422, { reason: "field.invalid" }],
  ["another conflict", { ...CHARGE, onConflict: "fail" }, 422, { reason: "field.invalid" }],
  ["an outcome", { ...CHARGE, sandbox: { outcome: "maybe" } }, 422, { reason: "field.invalid" }],
  [
    "an error code without failure",
    { ...CHARGE, sandbox: { outcome: "completed", errorCode: "X" } },
    422,
    { field: "sandbox.errorCode" },
  ],
  [
    "a delay of days",
    { ...CHARGE, sandbox: { outcome: "failed", delay: "2d" } },
    422,
    { field: "sandbox.delay", max: "1h" },
  ],
];
const REFUSED: Refused[] = UNREADABLE.map(([name, body, status, details]) => ({
  name,
  body,
  status,
  code: "INVALID_REQUEST",
  details: { ...details },
}));

const UNFIT: Refused[] = (
  [
    [
      "UNSUPPORTED_MODE",
      { action: { command: "boost" } },
      {
        field: "action.command",
        supportedCommands: [
          "charge",
          "discharge",
          "idle",
          "auto.balanced",
          "auto.reserve",
          "auto.export",
        ],
      },
    ],
    ["UNSUPPORTED_MODE", { action: { command: "toString" } }, { field: "action.command" }],
    [
      "UNSUPPORTED_PARAMETER",
      parameter("reserve", 20),
      { parameter: "reserve", supportedParameters: { target: { min: 0 }, power: { max: 5 } } },
    ],
    [
      "UNSUPPORTED_PARAMETER",
      '{"action":{"command":"charge","parameters":{"__proto__":{"value":1,"unit":"kw"}}}}',
      { parameter: "__proto__" },
    ],
    ["UNSUPPORTED_UNIT", parameter("power", 3000, "w"), { supportedUnits: ["kw"], max: 5 }],
    ["UNSUPPORTED_UNIT", parameter("target", 90, "%"), { supportedUnits: ["percent"] }],
    ["PARAMETER_OUT_OF_RANGE", parameter("target", 101), { min: 0, max: 100, unit: "percent" }],
    ["PARAMETER_OUT_OF_RANGE", parameter("target", -1), { min: 0, max: 100 }],
    ["PARAMETER_OUT_OF_RANGE", parameter("power", 5.01, "kw"), { min: 0.1, max: 5, unit: "kw" }],
    ["PARAMETER_OUT_OF_RANGE", parameter("power", 0, "kw"), { min: 0.1, max: 5 }],
    [
      "INVALID_TIME_WINDOW",
      action({ start: "2026-05-08T22:00:00" }),
      {
        field: "action.start",
        reason: "time.zone_missing",
        acceptedForms: [
          expect.stringContaining("2026-05-08T22:00:00Z") as unknown,
          expect.stringContaining("30m") as unknown,
        ],
      },
    ],
    ["INVALID_TIME_WINDOW", action({ start: "tomorrow" }), { reason: "time.malformed" }],
    ["INVALID_TIME_WINDOW", action({ start: "2027-02-30T00:00:00Z" }), { field: "action.start" }],
    ["INVALID_TIME_WINDOW", action({ start: "275761-01-01T00:00:00Z" }), { field: "action.start" }],
    ["INVALID_TIME_WINDOW", action({ end: "2020-01-01T00:00:00Z" }), { field: "action.end" }],
    ["INVALID_TIME_WINDOW", action({ start: future(2), end: future(1) }), { field: "action.end" }],
    ["START_IN_PAST", action({ start: "2020-01-01T00:00:00+02:00" }), { now: ISO }],
    ["START_OUT_OF_RANGE", action({ start: "31d" }), { max: ISO }],
    ["EXECUTION_NOT_SUPPORTED", action({ start: "30m" }), { supportedExecutions: ["immediate"] }],
    ["EXECUTION_NOT_SUPPORTED", action({ end: "1.5h" }), { field: "action.end" }],
    [
      "EXECUTION_NOT_SUPPORTED",
      { ...CHARGE, onConflict: "queue_after" },
      { field: "onConflict", supportedConflictStrategies: [] },
    ],
  ] as const
).map(([code, body, details]) => ({ name: code, code, body, status: 422, details }));

describe("refusals", () => {
  test.for([...REFUSED, ...UNFIT])("$name: $status $code", async (refused) => {
    const deviceId = await device();
    const rowsBefore = await rowCount();
    const answer = await api.push(deviceId, refused.body, { "idempotency-key": "refused" });
    expect(answer.status).toBe(refused.status);
    expect(answer.body).toMatchObject({
      success: false,
      error: { code: refused.code },
      meta: { environment: "sandbox" },
    });
    const { fields, ...details } = refused.details;
    expect(answer.body.error.details).toMatchObject(details);
    if (fields !== undefined) {
      expect(answer.body.error.details["fields"]).toEqual(
        (fields as object[]).map((field) => expect.objectContaining(field) as unknown),
      );
    }
    expect(await rowCount()).toEqual(rowsBefore);
  });

  test("all problems of a push are told at once", async () => {
    const body = {
      action: {
        command: "charge",
        parameters: {
          target: { value: 120, unit: "percent" },
          power: { value: 3, unit: "hp" },
          boost: { value: 1, unit: "percent" },
        },
        start: "2026-05-08",
      },
      onConflict: "queue_after",
    };
    const { body: answer } = await api.push(await device(), body);
    const problems = answer.error.details["problems"] as { code: string; field: string }[];
    expect(problems.map(({ code, field }) => [code, field])).toEqual([
      ["PARAMETER_OUT_OF_RANGE", "action.parameters.target.value"],
      ["UNSUPPORTED_UNIT", "action.parameters.power.unit"],
      ["UNSUPPORTED_PARAMETER", "action.parameters.boost"],
      ["INVALID_TIME_WINDOW", "action.start"],
      ["EXECUTION_NOT_SUPPORTED", "action.start"],
      ["EXECUTION_NOT_SUPPORTED", "onConflict"],
    ]);
  });

  test("a body of another type or size", async () => {
    const deviceId = await device();
    const headers = { "content-type": "text/plain" };
    const text = await api.push(deviceId, "{}", headers);
    expect(text.status).toBe(415);
    expect(text.body.error).toMatchObject({
      code: "INVALID_REQUEST",
      details: { reason: "content_type.unsupported" },
    });
    const zipped = await api.push(deviceId, "{}", { "content-encoding": "gzip" });
    expect(zipped.status).toBe(415);
    const large = await api.push(deviceId, { ...CHARGE, padding: "x".repeat(1_100_000) });
    expect(large.status).toBe(413);
    expect(large.body.error.details).toEqual({ reason: "body.too_large" });
  });
});

const QUERIES: [url: string, details: object][] = [
  ["/battery?limit=0", { reason: "field.invalid" }],
  ["/battery?limit=-1", { reason: "field.invalid" }],
  ["/battery?limit=1e3", { reason: "field.invalid" }],
  ["/battery?limit=1000000000", { reason: "field.invalid" }],
  ["/battery?offset=-1", { reason: "field.invalid" }],
  ["/battery?offset=x", { reason: "field.invalid" }],
  ["/battery?page=2", { unknownFields: ["page"] }],
  ["/actions?state=done", { reason: "field.invalid" }],
  ["/actions?status=failed", { unknownFields: ["status"] }],
  ["/actions?limit=1&limit=2", { reason: "field.invalid" }],
];

describe("queries", () => {
  test.for(QUERIES)("%s is refused", async ([url, details]) => {
    const { status, body } = await api.call(url);
    expect(status).toBe(422);
    expect(body.error).toMatchObject({ code: "INVALID_REQUEST", details });
  });
});
