import { describe, expect, test } from "vitest";

import {
  type CustomHeadersProblem,
  checkCustomHeaders,
  isSensitiveHeader,
} from "./custom-headers.ts";

function typeOf(raw: unknown): CustomHeadersProblem | "ok" {
  const result = checkCustomHeaders(raw);
  return result.ok ? "ok" : result.type;
}

function many(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`x-${n}`, "v"]));
}

const RESERVED = `Host Content-Length Transfer-Encoding Connection TE Upgrade Expect Trailer
  Proxy-Authorization Proxy-Connection user-agent keep-alive proxy-authenticate trailers age
  cache-control clear-site-data expires pragma warning content-type content-encoding
  content-language content-location x-amz-date x-amzn-trace-id x-google-a x-goog-b x-gfe x-azure-c
  x-fd-d x-svix-e svix-id webhook-id Webhook-Timestamp WEBHOOK-SIGNATURE svix-signature
  amps-event-type traceparent Metadata-Flavor X-aws-ec2-metadata-token
  X-aws-ec2-metadata-token-ttl-seconds Metadata`.split(/\s+/);

describe("the bad-input table", () => {
  test.each(["a\rb", "a\nb", "a\0b", "ü", "a\u007fb", "😀", 7, null])(
    "row 27: the value %j is refused",
    (value) => {
      expect(typeOf({ "x-a": value })).toBe("header.value");
    },
  );
  test.each(["a b", "a:b", "", "ä", "a\nb", "a".repeat(257)])(
    "row 28: the name %j is refused",
    (name) => {
      expect(typeOf({ [name]: "v" })).toBe("header.name");
    },
  );
  test.each(RESERVED)("rows 29 to 31: %s is reserved", (name) => {
    expect(typeOf({ [name]: "v" })).toBe("header.reserved");
  });
  test("row 32: number, size and repetition", () => {
    expect(typeOf(many(50))).toBe("ok");
    expect(typeOf(many(51))).toBe("header.count");
    expect(typeOf({ "x-a": "v".repeat(4096) })).toBe("ok");
    expect(typeOf({ "x-a": "v".repeat(4097) })).toBe("header.value");
    expect(typeOf({ "X-A": "v", "x-a": "v" })).toBe("header.name");
  });
  test.each([null, "x", 7, ["a"]])("%j is no set of headers", (raw) => {
    expect(typeOf(raw)).toBe("header.value");
  });
});

test("letter case, order and values are kept", () => {
  const headers = { "X-Tenant": "a\tb~", Authorization: "Bearer s3cret", empty: "" };
  const result = checkCustomHeaders(headers);
  expect(result).toEqual({ ok: true, headers });
  expect(result.ok && Object.keys(result.headers)).toEqual(["X-Tenant", "Authorization", "empty"]);
});

test("a refusal names the header and never its value", () => {
  const result = checkCustomHeaders({ "x-key": "s3cret\n" });
  expect(result).toMatchObject({ ok: false, name: "x-key" });
  expect(JSON.stringify(result)).not.toContain("s3cret");
});

test("headers that carry credentials are sensitive in any letter case", () => {
  const names = ["Authorization", "X-Auth-Token", "x-api-key", "WWW-Authenticate", "Proxy-A"];
  expect(names.every((name) => isSensitiveHeader(name))).toBe(true);
  expect(isSensitiveHeader("x-tenant")).toBe(false);
});
