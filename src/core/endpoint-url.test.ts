import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { ALLOWED, DENIED } from "../../test/support/address-table.ts";
import { parseCidrList } from "./address.ts";
import {
  type EndpointUrlOptions,
  type EndpointUrlProblem,
  checkEndpointUrl,
} from "./endpoint-url.ts";

function options(allow: string, more: Partial<EndpointUrlOptions> = {}): EndpointUrlOptions {
  const result = parseCidrList(allow);
  if (!result.ok) throw new Error(result.problems.join("; "));
  return { allow: result.list, httpsRequired: false, ...more };
}

const STRICT = options("");
const LOOPBACK = options("127.0.0.0/8 ::1");

function typeOf(raw: unknown, given: EndpointUrlOptions = STRICT): EndpointUrlProblem | "ok" {
  const result = checkEndpointUrl(raw, given);
  return result.ok ? "ok" : result.type;
}

const LONG_NAME = `${"a".repeat(60)}.`.repeat(5);

// The rows of the bad-input table, by number.
const REFUSED: readonly [number, unknown, EndpointUrlProblem][] = [
  [1, "http://2130706433/", "url.address_denied"],
  [1, "http://017700000001/", "url.address_denied"],
  [2, "http://0x7f.1/", "url.address_denied"],
  [2, "http://127.1/", "url.address_denied"],
  [2, "http://0177.0.0.1/", "url.address_denied"],
  [3, "http://0/", "url.address_denied"],
  [3, "http://0x0/", "url.address_denied"],
  [4, "http://①②⑦.0.0.1/", "url.address_denied"],
  [4, "http://１２７.0.0.1/", "url.address_denied"],
  [4, "http://127。0。0。1/", "url.address_denied"],
  [5, "https://999999/", "url.address_denied"],
  [6, "http://127.0.0.1./", "url.address_denied"],
  [6, "https://%31%32%37.0.0.1/", "url.address_denied"],
  [6, "http://127.0.\u00AD0.1/", "url.address_denied"],
  [7, "http://localhost./", "url.host_denied"],
  [7, "http://localhost/", "url.host_denied"],
  [7, "http://foo.localhost/", "url.host_denied"],
  [7, "http://metadata.google.internal/", "url.host_denied"],
  [7, "http://receiver/", "url.host_denied"],
  [8, "http://[::ffff:127.0.0.1]/", "url.address_denied"],
  [8, "http://[::ffff:7f00:1]/", "url.address_denied"],
  [9, "http://[fe80::1%25eth0]/", "url.invalid"],
  [9, "http://[::1%lo]/", "url.invalid"],
  [9, "http://[v1.x]/", "url.invalid"],
  [9, "http://[]/", "url.invalid"],
  [9, "http://[::1", "url.invalid"],
  [10, "https://:@example.com/", "url.userinfo"],
  [10, "https://@example.com/", "url.userinfo"],
  [10, "https://user@example.com/", "url.userinfo"],
  [10, "https://a:b@c:d@example.com/", "url.userinfo"],
  [10, "https://a%3Ab:c@example.com/", "url.userinfo"],
  [10, "https://a:%0d%0a@example.com/", "url.userinfo"],
  [10, "https://a:%ff@example.com/", "url.userinfo"],
  [11, "http://example.com@127.0.0.1/", "url.userinfo"],
  [11, "http://a:b@127.0.0.1/", "url.address_denied"],
  [12, "http://example.com\\@127.0.0.1/", "url.invalid"],
  [12, "http:\\\\127.0.0.1\\x", "url.invalid"],
  [13, "http:127.0.0.1", "url.invalid"],
  [13, "http:/127.0.0.1/", "url.invalid"],
  [13, "https:///x", "url.invalid"],
  [14, "https://example.com/\r\n", "url.invalid"],
  [14, "https://exa\tmple.com/", "url.invalid"],
  [14, " https://example.com/", "url.invalid"],
  [14, "https://example.com/ ", "url.invalid"],
  [14, "\uFEFFhttps://example.com/", "url.invalid"],
  [14, "https://example.com/\u0000", "url.invalid"],
  [14, "https://example.com/\uD800", "url.invalid"],
  [15, "https://exam%00ple.com/", "url.invalid"],
  [16, "ftp://example.com/", "url.scheme"],
  [16, "file:///etc/passwd", "url.scheme"],
  [16, "gopher://example.com/", "url.scheme"],
  [16, "javascript:alert(1)", "url.scheme"],
  [16, "data:text/plain,x", "url.scheme"],
  [16, "ws://example.com/", "url.scheme"],
  [16, "unix:/var/run/x.sock", "url.scheme"],
  [16, "http+unix://%2Fvar%2Frun/x", "url.scheme"],
  [18, "http://example.com:0/", "url.port_denied"],
  [18, "http://example.com:65536/", "url.invalid"],
  [18, "http://example.com:٨٠/", "url.invalid"],
  [19, "http://example.com:22/", "url.port_denied"],
  [19, "http://example.com:25/", "url.port_denied"],
  [19, "http://example.com:6379/", "url.port_denied"],
  [19, "http://example.com:5432/", "url.port_denied"],
  [19, "http://example.com:2375/", "url.port_denied"],
  [19, "http://example.com:11211/", "url.port_denied"],
  [20, "//example.com/x", "url.invalid"],
  [20, "example.com", "url.invalid"],
  [20, "", "url.invalid"],
  [20, null, "url.invalid"],
  [20, 7, "url.invalid"],
  [20, ["https://example.com/"], "url.invalid"],
  [21, `https://${"a".repeat(64)}.com/`, "url.invalid"],
  [21, `https://${LONG_NAME}com/`, "url.invalid"],
  [21, "https://example..com/", "url.invalid"],
  [21, "https://example.com../", "url.invalid"],
  [21, "https://-a.com/", "url.invalid"],
  [21, "https://xn--a/", "url.invalid"],
  [21, "https://xn--a.com/", "url.invalid"],
  [23, `https://example.com/${"a".repeat(65_517)}`, "url.invalid"],
  [24, "https://example.com/#x", "url.fragment"],
  [24, "https://example.com/#", "url.fragment"],
];

describe("the bad-input table", () => {
  test.each(REFUSED)("row %i: %j is refused as %s", (_row, raw, type) => {
    expect(typeOf(raw)).toBe(type);
  });

  test("row 17: http is refused where HTTPS is required", () => {
    const httpsOnly = options("", { httpsRequired: true });
    expect(typeOf("http://example.com/", httpsOnly)).toBe("url.https_required");
    expect(typeOf("https://example.com/", httpsOnly)).toBe("ok");
  });

  test("row 25: our own address is refused whatever is allowed", () => {
    const own = options("127.0.0.0/8 ::1", {
      ownAddresses: [
        { host: "127.0.0.1", port: 8071 },
        { host: "amps.example.com", port: 443 },
      ],
    });
    expect(typeOf("http://127.0.0.1:8071/in", own)).toBe("url.address_denied");
    expect(typeOf("http://localhost:8071/in", own)).toBe("url.address_denied");
    expect(typeOf("http://2130706433:8071/in", own)).toBe("url.address_denied");
    expect(typeOf("https://Amps.Example.com./in", own)).toBe("url.address_denied");
    expect(typeOf("http://127.0.0.1:8072/in", own)).toBe("ok");
  });

  test("no refusal repeats the URL, which may hold a secret", () => {
    for (const [, raw] of REFUSED) {
      const secret = typeof raw === "string" ? `${raw}?token=s3cret` : raw;
      const result = checkEndpointUrl(secret, STRICT);
      expect(result.ok ? "" : result.message).not.toContain("s3cret");
    }
  });
});

describe("the SSRF address table", () => {
  const hostOf = (address: string): string => (address.includes(":") ? `[${address}]` : address);
  test.each(DENIED)("row %i: an endpoint at %s is refused", (_row, address) => {
    expect(typeOf(`http://${hostOf(address)}/`)).toBe("url.address_denied");
  });
  test.each(ALLOWED)("row %i: an endpoint at %s is accepted", (_row, address) => {
    expect(typeOf(`http://${hostOf(address)}/`)).toBe("ok");
  });
  test("address row 49: a name of a metadata service is refused as a name", () => {
    expect(typeOf("http://metadata.google.internal/")).toBe("url.host_denied");
    // What it leads to is found out at send.
    expect(typeOf("http://169.254.169.254.nip.io/")).toBe("ok");
  });
});

describe("accepted", () => {
  const cases: [string, string][] = [
    ["https://example.com", "https://example.com/"],
    ["HTTPS://EXAMPLE.com:443/a/./b/../c", "https://example.com/a/c"],
    ["https://example.com/a%00b%zz", "https://example.com/a%00b%zz"],
    ["https://example.com/?q=🔋", "https://example.com/?q=%F0%9F%94%8B"],
    ["https://example.com./x", "https://example.com/x"],
    ["https://еxample.com/", "https://xn--xample-2of.com/"],
    ["https://my_host.example.com:8443/", "https://my_host.example.com:8443/"],
    ["http://8.8.8.8:3000/", "http://8.8.8.8:3000/"],
    ["https://[2606:4700:4700::1111]/", "https://[2606:4700:4700::1111]/"],
    [`https://example.com/${"a".repeat(65_516)}`, `https://example.com/${"a".repeat(65_516)}`],
  ];
  test.each(cases)("%s is stored as %s", (raw, url) => {
    expect(checkEndpointUrl(raw, STRICT)).toEqual({ ok: true, url });
  });

  test("loopback names and literals where the operator allows loopback", () => {
    expect(typeOf("http://localhost:3000/", LOOPBACK)).toBe("ok");
    expect(typeOf("http://foo.localhost./", LOOPBACK)).toBe("ok");
    expect(typeOf("http://127.0.0.1:3000/", LOOPBACK)).toBe("ok");
    expect(typeOf("http://[::1]:3000/", LOOPBACK)).toBe("ok");
    expect(typeOf("http://receiver:3000/", LOOPBACK)).toBe("url.host_denied");
    expect(typeOf("http://10.0.0.1/", LOOPBACK)).toBe("url.address_denied");
  });

  test("row 10: user and password become credentials and leave the URL", () => {
    expect(checkEndpointUrl("https://us%20er:p%40ss:word@example.com/x", STRICT)).toEqual({
      ok: true,
      url: "https://example.com/x",
      credentials: { user: "us er", password: "p@ss:word" },
    });
    expect(checkEndpointUrl("https://key:@example.com/", STRICT)).toEqual({
      ok: true,
      url: "https://example.com/",
      credentials: { user: "key", password: "" },
    });
    expect(typeOf("https://example.com/@user:pass@")).toBe("ok");
  });

  test("what was accepted is accepted again as the same text", () => {
    const url = fc.webUrl({ withQueryParameters: true });
    fc.assert(
      fc.property(url, (raw) => {
        const first = checkEndpointUrl(raw, STRICT);
        if (!first.ok) return;
        expect(checkEndpointUrl(first.url, STRICT)).toEqual(first);
        expect(new URL(first.url).href).toBe(first.url);
      }),
      { numRuns: 1_000 },
    );
  });

  test("no text makes it throw", () => {
    const hostile = fc.string({ unit: "binary" }).map((text) => `http://${text}`);
    fc.assert(
      fc.property(fc.oneof(hostile, fc.anything()), (raw) => {
        expect(typeof checkEndpointUrl(raw, STRICT).ok).toBe("boolean");
      }),
    );
  });
});
