import { expect, test } from "vitest";

import { RequestHead } from "./request-head.ts";

const START = "POST /hook HTTP/1.1\r\nhost: a.example";

/** As it would be written without anything remembered. */
function whole(headers: Record<string, string>, contentLength: number): string {
  const lines = Object.entries(headers).map(([name, value]) => `\r\n${name}: ${value}`);
  return `${START}${lines.join("")}\r\ncontent-length: ${contentLength}\r\n\r\n`;
}

function written(head: RequestHead, headers: Record<string, string>, contentLength = 5): string {
  const result = head.write(headers, contentLength);
  return "bytes" in result ? result.bytes.toString("latin1") : `refused: ${result.refused}`;
}

const FIRST = { "svix-id": "msg_1", "svix-signature": "v1,abc", "x-a": "é" };

test.each<[string, Record<string, string>, number?]>([
  ["the same again", FIRST],
  ["other values of the same lengths", { ...FIRST, "svix-id": "msg_2", "x-a": "ü" }],
  ["a longer value", { ...FIRST, "svix-signature": "v1,abc v1,def" }],
  ["a shorter value, and another after it", { ...FIRST, "svix-id": "msg", "x-a": "ö" }],
  ["an empty value", { ...FIRST, "x-a": "" }],
  ["a header more", { ...FIRST, "x-b": "c" }],
  ["a header less", { "svix-id": "msg_1", "svix-signature": "v1,abc" }],
  ["another name", { "svix-id": "msg_1", "svix-signature": "v1,abc", "x-b": "é" }],
  ["names in another letter case", { "Svix-Id": "msg_1", "svix-signature": "v1,abc", "x-a": "é" }],
  ["another order", { "svix-signature": "v1,abc", "svix-id": "msg_1", "x-a": "é" }],
  ["none at all", {}],
  ["a body of the same number of digits", FIRST, 6],
  ["a body of more digits", FIRST, 1_000],
])("%s, after another request, is written whole", (_what, headers, contentLength = 5) => {
  const head = new RequestHead(START);
  expect(written(head, FIRST)).toBe(whole(FIRST, 5));
  expect(written(head, headers, contentLength)).toBe(whole(headers, contentLength));
  expect(written(head, FIRST)).toBe(whole(FIRST, 5));
});

test.each([
  ["a line break", "v1,\r\nc"],
  ["a line break in a longer value", "v1,abc\r\nx-c: d"],
  ["what is not latin1", "v1,ab\u0100"],
  ["a NUL", "v1,ab\0"],
])("%s is refused, whatever was sent before, and leaves nothing behind", (_what, value) => {
  const head = new RequestHead(START);
  const broken = { ...FIRST, "svix-id": "msg_9", "svix-signature": value };
  expect(written(head, broken)).toBe("refused: svix-signature");
  expect(written(head, FIRST)).toBe(whole(FIRST, 5));
  expect(written(head, broken)).toBe("refused: svix-signature");
  expect(written(head, FIRST)).toBe(whole(FIRST, 5));
});

test("a name that would split the request is refused", () => {
  expect(written(new RequestHead(START), { "x-a\r\nx-b": "c" })).toBe("refused: x-a\r\nx-b");
});
