/** The bad-input table: the shape of its rows, and rows 1 to 32, what an endpoint may not be. */
import type { CallOptions } from "../api/world.ts";

export const ENDPOINT = "/api/v1/app/default/endpoint";
export const url = "https://example.com/hook";
export const MIB = 1_048_576;

export type Expected = readonly [status: number, reason: string];
export type Case = readonly [
  row: number,
  what: string,
  method: string,
  path: string,
  options: CallOptions,
  expected: Expected,
];

const many = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`X-H${n}`, "v"]));

const urls = (row: number, type: string, ...list: unknown[]): Case[] =>
  list.map((raw) => [
    row,
    (JSON.stringify(raw) ?? "").slice(0, 60),
    "POST",
    ENDPOINT,
    { body: { url: raw } },
    [422, type],
  ]);
const header = (row: number, type: string, headers: Record<string, unknown>): Case => [
  row,
  JSON.stringify(headers).slice(0, 60),
  "POST",
  ENDPOINT,
  { body: { url, headers } },
  [422, type],
];

const DENIED = "url.address_denied";
export const BAD_ENDPOINTS: Case[] = [
  ...urls(1, DENIED, "http://2130706433/", "http://017700000001/"),
  ...urls(2, DENIED, "http://0x7f.1/", "http://127.1/", "http://0177.0.0.1/"),
  ...urls(3, DENIED, "http://0/", "http://0x0/"),
  ...urls(4, DENIED, "http://①②⑦.0.0.1/", "http://１２７.0.0.1/", "http://127。0。0。1/"),
  ...urls(5, DENIED, "https://999999/"),
  ...urls(6, DENIED, "http://127.0.0.1./", "https://%31%32%37.0.0.1/", "http://127.0.\u00AD0.1/"),
  ...urls(
    7,
    "url.host_denied",
    "http://localhost./",
    "http://foo.localhost/",
    "http://db.internal/",
    "http://receiver/",
  ),
  ...urls(8, DENIED, "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/"),
  ...urls(
    9,
    "url.invalid",
    "http://[fe80::1%25eth0]/",
    "http://[::1%lo]/",
    "http://[v1.x]/",
    "http://[]/",
    "http://[::1",
  ),
  ...urls(10, "url.userinfo", "https://:@example.com/"),
  ...urls(11, "url.userinfo", "http://example.com@127.0.0.1/"),
  ...urls(11, DENIED, "http://a:b@127.0.0.1/"),
  ...urls(12, "url.invalid", "http://example.com\\@127.0.0.1/", "http:\\\\127.0.0.1\\x"),
  ...urls(13, "url.invalid", "http:127.0.0.1", "http:/127.0.0.1/", "https:///x"),
  ...urls(
    14,
    "url.invalid",
    "https://example.com/\r\n",
    "https://exa\tmple.com/",
    " https://example.com/",
    "\ufeffhttps://example.com/",
  ),
  ...urls(15, "url.invalid", "https://exam%00ple.com/"),
  ...urls(
    16,
    "url.scheme",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "javascript:alert(1)",
    "data:text/plain,x",
    "ws://example.com/",
    "unix:/var/run/x.sock",
    "http+unix://%2Fvar%2Frun/x",
  ),
  ...urls(18, "url.port_denied", "http://example.com:0/"),
  ...urls(18, "url.invalid", "http://example.com:65536/", "http://example.com:٨٠/"),
  ...urls(
    19,
    "url.port_denied",
    ...[22, 25, 6379, 5432, 2375, 11211].map((port) => `http://example.com:${port}/`),
  ),
  ...urls(20, "url.invalid", "//example.com/x", "example.com", ""),
  ...urls(20, "value_error.jsondecode", null, 7, ["https://example.com/"]),
  ...urls(
    21,
    "url.invalid",
    `https://${"a".repeat(64)}.com/`,
    `https://${`${"a".repeat(60)}.`.repeat(5)}com/`,
    "https://example..com/",
    "https://-a.com/",
    "https://xn--a/",
  ),
  ...urls(23, "url.invalid", `https://example.com/${"a".repeat(65_517)}`),
  [
    23,
    "10 MiB",
    "POST",
    ENDPOINT,
    { body: { url: `https://example.com/${"a".repeat(10 * MIB)}` } },
    [413, "payload_too_large"],
  ],
  ...urls(24, "url.fragment", "https://example.com/#x"),
  ...["a\rb", "a\nb", "a\0b"].map((value) => header(27, "header.value", { "x-a": value })),
  ...["a b", "a:b", "", "ä"].map((name) => header(28, "header.name", { [name]: "v" })),
  ...[
    "Host",
    "Content-Length",
    "Transfer-Encoding",
    "Connection",
    "TE",
    "Upgrade",
    "Expect",
    "Trailer",
    "Proxy-Authorization",
    "X-Amz-Date",
  ].map((name) => header(29, "header.reserved", { [name]: "v" })),
  ...[
    "webhook-id",
    "webhook-timestamp",
    "Webhook-Signature",
    "svix-id",
    "amps-x",
    "traceparent",
  ].map((name) => header(30, "header.reserved", { [name]: "v" })),
  ...["Metadata-Flavor", "X-aws-ec2-metadata-token", "Metadata"].map((name) =>
    header(31, "header.reserved", { [name]: "v" }),
  ),
  header(32, "header.count", many(51)),
  header(32, "header.value", { "x-a": "v".repeat(4_097) }),
  header(32, "header.name", { "x-a": "1", "X-A": "2" }),
];
