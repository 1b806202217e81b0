import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  type Head,
  type HeadMemory,
  type ParseFailure,
  ResponseParser,
} from "./response-parser.ts";

interface Parsed {
  head: Head | undefined;
  body: string;
  failure: ParseFailure | undefined;
  complete: boolean;
  reusable: boolean;
  hint: number | undefined;
}

/** Feeds `text` in pieces that end at the given offsets. */
function parse(
  text: string,
  cuts: number[] = [],
  ends = false,
  memory: HeadMemory = { last: undefined },
): Parsed {
  const parsed: Parsed = {
    head: undefined,
    body: "",
    failure: undefined,
    complete: false,
    reusable: false,
    hint: undefined,
  };
  const parser = new ResponseParser(
    {
      onHead: (head) => {
        parsed.head = head;
      },
      onBody: (data, bodyFrom, bodyTo) => {
        parsed.body += data.toString("latin1", bodyFrom, bodyTo);
      },
    },
    memory,
  );
  const bytes = Buffer.from(text, "latin1");
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    // One buffer for all reads, as in a connection: what was lent must not be kept.
    const lent = Buffer.from(bytes.subarray(from, to));
    parsed.failure = parser.feed(lent);
    lent.fill(0);
    from = to;
    if (parsed.failure !== undefined) break;
    if (parser.complete && from < bytes.length) {
      parser.reusable = false;
      break;
    }
  }
  if (ends) parser.end();
  const { complete, reusable, keepAliveHint: hint } = parser;
  return { ...parsed, complete, reusable: complete && reusable, hint };
}

function everyByte(text: string): number[] {
  return Array.from({ length: Math.max(0, text.length - 1) }, (_, index) => index + 1);
}

const OK = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`;

const WHOLE: [string, string, { body?: string; reusable: boolean }][] = [
  ["a length", `${OK}content-length: 2\r\n\r\nok`, { body: "ok", reusable: true }],
  ["a length of 0", `${OK}Content-Length: 0\r\n\r\n`, { body: "", reusable: true }],
  ["no reason phrase", "HTTP/1.1 204\r\n\r\n", { body: "", reusable: true }],
  ["an empty reason phrase", "HTTP/1.1 204 \r\n\r\n", { body: "", reusable: true }],
  [
    "a length of what has no body",
    "HTTP/1.1 304 No\r\ncontent-length: 9\r\n\r\n",
    { reusable: true },
  ],
  [
    "chunks",
    `${CHUNKED}2\r\nok\r\n00A\r\n0123456789\r\n0\r\n\r\n`,
    { body: "ok0123456789", reusable: true },
  ],
  [
    "extensions and trailers",
    `${CHUNKED}2;a="b"\r\nok\r\n0\r\nx-a: b\r\n\r\n`,
    { body: "ok", reusable: true },
  ],
  [
    "chunks of something coded",
    `${OK}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    { reusable: true },
  ],
  [
    "the wish to close",
    `${OK}connection: x, Close\r\ncontent-length: 0\r\n\r\n`,
    { reusable: false },
  ],
  ["HTTP/1.0", "HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", { reusable: false }],
  [
    "HTTP/1.0 kept",
    "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n",
    { reusable: true },
  ],
  [
    "interim answers",
    `HTTP/1.1 103 Early\r\nlink: a\r\n\r\n${OK}content-length: 2\r\n\r\nok`,
    { body: "ok", reusable: true },
  ],
  [
    "bytes after its end",
    `${OK}content-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n`,
    { body: "ok", reusable: false },
  ],
];

const BROKEN: [string, string, string][] = [
  ["no HTTP", "SSH-2.0-OpenSSH", 'is not HTTP/1.1: it begins with "SSH-2.0-OpenSSH"'],
  ["HTTP/2", "HTTP/2 200\r\n\r\n", "it begins with"],
  ["a status of two digits", "HTTP/1.1 20 OK\r\n\r\n", "it begins with"],
  ["a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", "it begins with"],
  ["a bare line feed", "HTTP/1.1 200 OK\nx: a\r\n\r\n", "it begins with"],
  ["a bare carriage return", `${OK}x-a: b\rc: d\r\n\r\n`, "Invalid character in a header value"],
  ["a folded line", `${OK}x-a: b\r\n c\r\n\r\n`, "Invalid header name"],
  ["a space before the colon", `${OK}content-length : 2\r\n\r\nok`, "Invalid header name"],
  ["no colon", `${OK}nonsense\r\n\r\n`, "Invalid header name"],
  ["an empty name", `${OK}: a\r\n\r\n`, "Invalid header name"],
  ["NUL in a value", `${OK}x-a: \0\r\n\r\n`, "Invalid character in a header value"],
  ["a signed length", `${OK}content-length: +2\r\n\r\nok`, "Invalid Content-Length"],
  ["a list of lengths", `${OK}content-length: 2, 2\r\n\r\nok`, "Invalid Content-Length"],
  ["a length in hex", `${OK}content-length: 0x2\r\n\r\nok`, "Invalid Content-Length"],
  [
    "a length beyond numbers",
    `${OK}content-length: 9007199254740993\r\n\r\n`,
    "Invalid Content-Length",
  ],
  [
    "the same length twice",
    `${OK}content-length: 2\r\nContent-Length: 2\r\n\r\nok`,
    "says its length twice",
  ],
  ["length and chunks", `${OK}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n`, "has both"],
  ["chunks and length", `${OK}transfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n`, "has both"],
  ["chunks in HTTP/1.0", "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "in HTTP/1.0"],
  ["a negative chunk", `${CHUNKED}-1\r\n`, "Invalid character in chunk size"],
  ["a huge chunk", `${CHUNKED}fffffffffffff\r\n`, "Invalid character in chunk size"],
  ["a chunk that is longer than it says", `${CHUNKED}1\r\nabc\r\n`, "Missing end of a chunk"],
  [
    "an endless line before a chunk",
    `${CHUNKED}1;${"a".repeat(300)}`,
    "Invalid character in chunk size",
  ],
  ["100", "HTTP/1.1 100 Continue\r\n\r\n", "interim status nobody asked for"],
  ["nine interim answers", "HTTP/1.1 102 P\r\n\r\n".repeat(9), "more than 8 interim"],
];

describe("a response", () => {
  test.each(WHOLE)("with %s is whole, however it is cut", (_name, text, expected) => {
    const whole = parse(text);
    expect(whole).toMatchObject({ complete: true, failure: undefined, ...expected });
    for (const cut of everyByte(text)) expect(parse(text, [cut])).toEqual(whole);
    expect(parse(text, everyByte(text))).toEqual(whole);
  });

  test.each(BROKEN)("with %s is refused, however it is cut", (_name, text, detail) => {
    expect(parse(text).failure?.detail).toContain(detail);
    expect(parse(text).complete).toBe(false);
    for (const cut of everyByte(text)) expect(parse(text, [cut]).failure).toBeDefined();
    expect(parse(text, everyByte(text)).failure).toBeDefined();
  });

  test.each(WHOLE)("with %s is not whole before its end", (_name, text) => {
    const end = everyByte(text).find((cut) => parse(text.slice(0, cut)).complete) ?? text.length;
    for (let length = 0; length < end; length += 1) {
      const part = parse(text.slice(0, length), [], true);
      expect(part).toMatchObject({ complete: false, failure: undefined });
    }
  });

  test("without length ends with the connection, and takes it along", () => {
    const text = `${OK}\r\nall there is`;
    expect(parse(text)).toMatchObject({ complete: false, body: "all there is" });
    expect(parse(text, [], true)).toMatchObject({ complete: true, reusable: false });
  });

  test("keeps names and values as received, without the space around them", () => {
    const { head } = parse(`${OK}X-A: \t b c \xe9\t \r\nx-a:\r\nretry-after: 1\r\n\r\n`);
    expect(head).toEqual({
      status: 200,
      headerLines: "X-A: b c \xe9\nx-a: \nretry-after: 1",
      retryAfter: "1",
      webhookDelivery: undefined,
    });
  });

  test("the hint about the connection is read", () => {
    expect(parse(`${OK}keep-alive: max=9, timeout=7\r\ncontent-length: 0\r\n\r\n`).hint).toBe(7);
    expect(parse(`${OK}keep-alive: none\r\ncontent-length: 0\r\n\r\n`).hint).toBeUndefined();
  });

  test("heads and trailers of up to 16 KiB are read, and no larger ones", () => {
    const filled = (length: number): string => `x-a: ${"b".repeat(length - OK.length - 5)}`;
    const head = (length: number): string => `${OK}${filled(length)}\r\n\r\n`;
    expect(parse(head(16_384)).failure).toBeUndefined();
    expect(parse(head(16_386)).failure?.code).toBe("too_large");
    expect(parse(head(16_386), [9_000, 16_000]).failure?.code).toBe("too_large");
    const trailers = `${CHUNKED}0\r\n${"x-abc: d\r\n".repeat(1_700)}`;
    expect(parse(trailers).failure?.code).toBe("too_large");
    expect(parse(trailers, everyByte(trailers)).failure?.code).toBe("too_large");
  });
});

const texts = fc.constantFrom(...[...WHOLE, ...BROKEN].map(([, text]) => text));

/** Two answers with a byte changed, some bytes gone, or the tail of the one behind the head of the other. */
const mutated = fc
  .record({ one: texts, other: texts, at: fc.nat(200), byte: fc.nat(255), gone: fc.nat(4) })
  .chain(({ one, other, at, byte, gone }) => {
    const head = one.slice(0, at);
    return fc.constantFrom(
      head + String.fromCharCode(byte) + one.slice(at + 1),
      head + one.slice(at + gone),
      head + other.slice(byte),
    );
  });

test("a head that was remembered says what it says when it is read", () => {
  const memory: HeadMemory = { last: undefined };
  const property = fc.property(fc.oneof(texts, mutated), fc.nat(3), (text, again) => {
    const read = parse(text, [], true);
    for (let time = 0; time <= again; time += 1) {
      expect(parse(text, [], true, memory)).toEqual(read);
    }
  });
  fc.assert(property, { numRuns: 5_000 });
  const [, text] = WHOLE[0] ?? [];
  parse(text ?? "", [], false, memory);
  const { last } = memory;
  expect(parse(text ?? "", [], false, memory).head).toBe(last?.head);
});

test("whatever bytes come, the verdict does not depend on how they are cut", () => {
  const cuts = fc.array(fc.nat(200), { maxLength: 4 });
  const property = fc.property(mutated, cuts, (text, unsorted) => {
    const whole = parse(text, [], true);
    const at = unsorted.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b);
    const cut = parse(text, at, true);
    expect([cut.complete, cut.body, cut.failure?.code]).toEqual([
      whole.complete,
      whole.body,
      whole.failure?.code,
    ]);
  });
  fc.assert(property, { numRuns: 5_000 });
});
