/** Strict JSON reading, by tables of bad bodies and against JSON.parse. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { JSON_DEPTH_MAX, readJson } from "./json-body.ts";

function read(text: string | Buffer, opaque: string[] = ["payload"]): ReturnType<typeof readJson> {
  return readJson(Buffer.isBuffer(text) ? text : Buffer.from(text), { opaque });
}

function reason(text: string | Buffer): string {
  const body = read(text);
  return body.ok ? "ok" : body.reason;
}

const REFUSALS = ["json.invalid", "json.duplicate_key", "json.depth"];

describe("refusals", () => {
  const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
  test.each([
    ["empty", "", "json.invalid"],
    ["not JSON", "hello", "json.invalid"],
    ["cut off", '{"a":', "json.invalid"],
    ["open string", '{"a', "json.invalid"],
    ["trailing comma", '{"a":1,}', "json.invalid"],
    ["two documents", '{"a":1}{"a":2}', "json.invalid"],
    ["NaN", '{"a":NaN}', "json.invalid"],
    ["single quotes", "{'a':1}", "json.invalid"],
    ["raw control character in a string", '{"a":"\u0001"}', "json.invalid"],
    ["BOM", '\ufeff{"a":1}', "json.invalid"],
    ["invalid UTF-8", Buffer.from([0x22, 0xff, 0x22]), "json.encoding"],
    ["overlong UTF-8", Buffer.from([0x22, 0xc0, 0xaf, 0x22]), "json.encoding"],
    ["UTF-8 surrogate", Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), "json.encoding"],
    ["UTF-16 LE", Buffer.from('{"a":1}', "utf16le"), "json.encoding"],
    ["UTF-16 LE with BOM", Buffer.from('\ufeff{"a":1}', "utf16le"), "json.encoding"],
    ["UTF-16 BE", Buffer.from('{"a":1}', "utf16le").swap16(), "json.encoding"],
    ["duplicate key", '{"a":1,"a":2}', "json.duplicate_key"],
    ["duplicate key, spelt differently", '{"a":1,"\\u0061":2}', "json.duplicate_key"],
    ["duplicate key further in", '{"a":[{"b":{"c":1, "d":{}, "c" :2}}]}', "json.duplicate_key"],
    ["opaque member twice", '{"payload":1,"payload":2}', "json.duplicate_key"],
    ["one level too deep", nested(JSON_DEPTH_MAX + 1), "json.depth"],
    ["a million brackets", "[".repeat(1_000_000), "json.depth"],
  ])("%s", (_name, body, expected) => {
    expect(reason(body)).toBe(expected);
  });

  test("a broken body is not echoed", () => {
    const body = read('{"secret":"whsec_abc" oops}');
    expect(JSON.stringify(body)).not.toContain("whsec");
  });

  test("the deepest accepted nesting", () => {
    expect(reason(nested(JSON_DEPTH_MAX))).toBe("ok");
    expect(reason(`{"a":${nested(JSON_DEPTH_MAX - 1)}}`)).toBe("ok");
  });
});

describe("opaque members", () => {
  test.each([
    ["numbers as they were", '{"n":12345678901234567890,"big":1e400,"zero":-0,"one":1.0}'],
    ["escapes as they were", '{"s":"\\u0000 \\ud800 \\/ \\""}'],
    ["duplicate keys", '{"a":1,"a":2}'],
    ["space and order", '{ "b" : 1 ,\n\t"a":[ ] }'],
    ["deep nesting", "[".repeat(5000) + "]".repeat(5000)],
    ["characters beyond ASCII", '{"é":"日本 \u202e 𝄞"}'],
    ["prototype keys", '{"__proto__":{"polluted":true},"constructor":1}'],
    ["a string with brackets", '"}],{\\\\"'],
    ["a bare number", "-1.50"],
    ["null", "null"],
  ])("%s", (_name, payload) => {
    for (const body of [
      `{"payload":${payload}}`,
      `{"eventType":"ä", "payload" :  ${payload} \n, "x":{"payload":1}}`,
    ]) {
      const result = read(body);
      expect(result.ok && result.slices.get("payload")?.toString()).toBe(payload);
    }
  });

  test("only members of the top level are opaque", () => {
    expect(reason('{"x":{"payload":{"a":1,"a":2}}}')).toBe("json.duplicate_key");
    const body = read('[{"payload":1}]');
    expect(body.ok && body.slices.size).toBe(0);
  });

  test("prototype keys of the envelope stay own properties", () => {
    const body = read('{"__proto__":{"admin":true},"a":1}');
    expect(body.ok && Object.keys(body.value as object)).toEqual(["__proto__", "a"]);
    expect(({} as Record<string, unknown>)["admin"]).toBeUndefined();
  });
});

describe("against JSON.parse", () => {
  const spaced = (value: unknown): string => JSON.stringify(value, null, 1);

  test("valid JSON is read as JSON.parse reads it, the payload byte for byte", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.jsonValue(), fc.boolean(), (a, b, pretty) => {
        const write = pretty ? spaced : JSON.stringify;
        const payload = write(b);
        const text = `{"a":${write(a)},"payload":${payload},"z":[1]}`;
        const body = read(text);
        expect(body).toMatchObject({ ok: true, value: JSON.parse(text) as unknown });
        expect(body.ok && body.slices.get("payload")?.toString()).toBe(payload);
      }),
    );
  });

  test("what JSON.parse refuses is refused, and what it takes without duplicates is taken", () => {
    const parses = (text: string): boolean => {
      try {
        JSON.parse(text);
        return true;
      } catch {
        return false;
      }
    };
    const piece = fc.constantFrom("{", "}", "[", "]", ":", ",", '"', "\\", '"a"', "1", " ", "é");
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 12 }), (pieces) => {
        const text = pieces.join("");
        const allowed = parses(text) ? ["ok", "json.duplicate_key"] : REFUSALS;
        expect(allowed).toContain(reason(text));
      }),
      { numRuns: 2000 },
    );
  });

  test("any bytes are answered, never thrown", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(typeof read(Buffer.from(bytes)).ok).toBe("boolean");
      }),
    );
  });
});
