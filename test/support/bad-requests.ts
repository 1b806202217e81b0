/** Rows 33 to 73 of the bad-input table: bodies, fields, keys, queries, paths and pushes. */
import type { CallOptions } from "../api/world.ts";
import { type Case, ENDPOINT, type Expected, MIB, url } from "./bad-endpoints.ts";

export const APP = "/api/v1/app";
export const MESSAGE = `${APP}/default/msg`;
export const TYPE = "/api/v1/event-type";
/** The device's id is put in by the test. */
export const PUSH = "/battery/DEVICE";
export const idle = { action: { command: "idle" } };

const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

const bodies: Case[] = [];
/** The same body in both APIs: 422 in the one, 400 in the other. */
function unreadable(row: number, what: string, body: string | Buffer, reason: string): void {
  bodies.push(
    [row, what, "POST", APP, { body }, [422, reason]],
    [row, `${what}, battery API`, "POST", PUSH, { body }, [400, reason]],
  );
}
unreadable(33, "not JSON", "nonsense", "json.invalid");
unreadable(33, "empty", "", "json.invalid");
unreadable(33, "a BOM", `\ufeff${JSON.stringify(idle)}`, "json.invalid");
unreadable(33, "a trailing comma", '{"a":1,}', "json.invalid");
unreadable(33, "two documents", "{}{}", "json.invalid");
unreadable(34, "invalid UTF-8", Buffer.from([0x7b, 0xff, 0x7d]), "json.encoding");
unreadable(34, "UTF-16", Buffer.from(JSON.stringify(idle), "utf16le"), "json.encoding");
unreadable(35, "duplicate keys", '{"name":"x","name":"y"}', "json.duplicate_key");
unreadable(36, "nesting of 101", `{"name":${nested(101)}}`, "json.depth");
unreadable(36, "half a million brackets", nested(500_000), "json.depth");

const refused = (row: number, what: string, body: object | string, path_ = APP): Case => [
  row,
  what,
  "POST",
  path_,
  { body },
  [422, "value_error"],
];
const query = (row: number, text: string, status = 422, reason = "value_error"): Case => [
  row,
  text,
  "GET",
  `${MESSAGE}?${text}`,
  {},
  [status, reason],
];
const push = (row: number, what: string, body: unknown, expected: Expected): Case => [
  row,
  what,
  "POST",
  PUSH,
  { body },
  expected,
];
const charge = (parameters: object, more: object = {}): object => ({
  action: { command: "charge", parameters, ...more },
});
const percent = (value: unknown): object => ({ target: { value, unit: "percent" } });
const type = (headers: Record<string, string>): CallOptions => ({ body: '{"name":"x"}', headers });

export const BAD_REQUESTS: Case[] = [
  ...bodies,
  [
    36,
    "10^7 brackets",
    "POST",
    APP,
    { body: Buffer.from(nested(5_000_000)) },
    [413, "payload_too_large"],
  ],
  push(37, "prototype keys, battery API", '{"action":{"command":"idle"},"__proto__":{}}', [
    422,
    "field.unknown",
  ]),
  push(37, "constructor, battery API", { ...idle, constructor: {} }, [422, "field.unknown"]),
  refused(40, "a control character in a name", { name: "a\u0000b" }),
  refused(40, "a lone surrogate in a name", '{"name":"\\ud800"}'),
  refused(40, "text in a uid", { name: "x", uid: "\u202eabc" }),
  refused(40, "text in a channel", { url, channels: ["a\u200b"] }, ENDPOINT),
  refused(40, "a control character in a description", { url, description: "\u0001" }, ENDPOINT),
  refused(41, "an empty event type", { name: "", description: "" }, TYPE),
  refused(41, "an event type of 257", { name: "x".repeat(257), description: "" }, TYPE),
  refused(41, "an event type with a space", { name: "a b", description: "" }, TYPE),
  refused(41, "an unregistered one at an endpoint", { url, eventTypes: ["nope.nope"] }, ENDPOINT),
  [
    42,
    "a body of limit + 1",
    "POST",
    MESSAGE,
    { body: Buffer.alloc(MIB + 1, " ") },
    [413, "payload_too_large"],
  ],
  [
    42,
    "a lying length",
    "POST",
    APP,
    { body: '{"name":"x"}', headers: { "content-length": "5" } },
    [400, "bad_request"],
  ],
  ...["gzip", "br", "x-unknown"].map((encoding): Case => [
    43,
    encoding,
    "POST",
    APP,
    type({ "content-encoding": encoding }),
    [415, "unsupported_media_type"],
  ]),
  [
    43,
    "gzip, battery API",
    "POST",
    PUSH,
    type({ "content-encoding": "gzip" }),
    [415, "content_type.unsupported"],
  ],
  ...["text/plain", "multipart/form-data; boundary=x", "nonsense"].map((name): Case => [
    44,
    name,
    "POST",
    APP,
    type({ "content-type": name }),
    [415, "unsupported_media_type"],
  ]),
  [
    44,
    "text, battery API",
    "POST",
    PUSH,
    type({ "content-type": "text/plain" }),
    [415, "content_type.unsupported"],
  ],
  push(45, "an unknown field, battery API", { ...idle, whatever: 1 }, [422, "field.unknown"]),
  [
    46,
    "a string for a number",
    "POST",
    APP,
    { body: { name: "x", throttleRate: "5" } },
    [422, "value_error.jsondecode"],
  ],
  [
    46,
    '"true" for true',
    "POST",
    ENDPOINT,
    { body: { url, disabled: "true" } },
    [422, "value_error.jsondecode"],
  ],
  [46, "NaN", "POST", APP, { body: '{"name":"x","throttleRate":NaN}' }, [422, "json.invalid"]],
  query(46, "limit=1e3", 422, "value_error.jsondecode"),
  push(46, "a string for a number, battery API", charge(percent("90")), [422, "field.invalid"]),
  ...["", "x".repeat(256), "a\tb"].flatMap((key): Case[] => [
    [
      47,
      JSON.stringify(key).slice(0, 20),
      "POST",
      APP,
      {
        body: { name: "x" },
        headers: { "idempotency-key": key },
      },
      [400, "idempotency.malformed"],
    ],
    [
      47,
      `${JSON.stringify(key).slice(0, 20)}, battery API`,
      "POST",
      PUSH,
      {
        body: idle,
        headers: { "idempotency-key": key },
      },
      [400, "idempotency.malformed"],
    ],
  ]),
  query(56, "limit=0"),
  query(56, "limit=-1"),
  query(56, "limit=1000000000"),
  query(56, "limit=abc", 422, "value_error.jsondecode"),
  query(56, "iterator=x"),
  [56, "limit=0, battery API", "GET", "/actions?limit=0", {}, [422, "field.invalid"]],
  [
    56,
    "a zero byte in a filter, battery API",
    "GET",
    "/actions?deviceId=%00",
    {},
    [422, "field.invalid"],
  ],
  query(57, "after=2026-02-01T00:00:00Z&before=2026-01-01T00:00:00Z"),
  query(57, "after=275761-01-01T00:00:00Z"),
  query(57, "before=2026-01-01T00:00:00"),
  ...[
    "x",
    `whsec_${Buffer.alloc(23).toString("base64")}`,
    `whsec_${Buffer.alloc(76).toString("base64")}`,
    `whsec_${"!".repeat(32)}`,
    `wsec_${Buffer.alloc(24).toString("base64")}`,
  ].map((secret): Case => [
    59,
    `secret ${secret.slice(0, 20)}`,
    "POST",
    ENDPOINT,
    { body: { url, secret } },
    [422, "secret.invalid"],
  ]),
  ...["//api/v1/app", "/api/v1/app/a%2Fb", "/api/v1/app/%00", "/api/v1/app/default."].map(
    (target): Case => [
      63,
      target,
      "GET",
      target,
      {},
      [404, target.startsWith("/api/") ? "not_found" : "NOT_FOUND"],
    ],
  ),
  [63, "/api/v1/app/%zz", "GET", "/api/v1/app/%zz", {}, [400, "bad_request"]],
  [
    64,
    "a method override",
    "POST",
    `${APP}/default`,
    {
      body: {},
      headers: { "x-http-method-override": "DELETE" },
    },
    [405, "method_not_allowed"],
  ],
  [64, "TRACE", "TRACE", APP, {}, [405, "method_not_allowed"]],
  ...[101, -1].map((value): Case =>
    push(73, `SoC ${value}`, charge(percent(value)), [422, "PARAMETER_OUT_OF_RANGE"]),
  ),
  push(
    73,
    "SoC NaN",
    '{"action":{"command":"charge","parameters":{"target":{"value":NaN,"unit":"percent"}}}}',
    [400, "json.invalid"],
  ),
  push(73, "power beyond rating", charge({ power: { value: 1e6, unit: "kw" } }), [
    422,
    "PARAMETER_OUT_OF_RANGE",
  ]),
];
