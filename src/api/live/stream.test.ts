/** One watcher's stream: what it says when nothing happens, and how it ends. */
import { once } from "node:events";
import { expect, test } from "vitest";
import { createManualClock, type ManualClock } from "../../../test/support/manual-clock.ts";
import type { News } from "./news.ts";
import { LiveStream, readLastEventId } from "./stream.ts";

function open(mayWatch: () => Promise<boolean> = () => Promise.resolve(true)): {
  clock: ManualClock;
  stream: LiveStream;
  text: () => string;
} {
  const clock = createManualClock();
  const stream = new LiveStream({ clock, mayWatch });
  const text = (): string => String(stream.readable.read() ?? "");
  return { clock, stream, text };
}

const news = (fields: Partial<News> = {}): News => ({
  kind: "message",
  key: "msg_1",
  at: 1_700_000_000_000,
  data: { id: "msg_1" },
  ...fields,
});

test("says what happened, with ids to go on from, and a comment every 15 s", () => {
  const { clock, stream, text } = open();
  expect(text()).toBe("retry: 2000\n: watching\n\n");
  stream.told([news()], false);
  expect(text()).toBe('id: 1700000000000\nevent: message\ndata: {"id":"msg_1"}\n\n');
  stream.told([], true);
  expect(text()).toBe("event: gap\ndata: {}\n\n");
  clock.advance(14_999);
  expect(text()).toBe("");
  clock.advance(1);
  expect(text()).toBe(": still here\n\n");
  clock.advance(15_000);
  expect(text()).toBe(": still here\n\n");
});

test("ends when the caller may no longer watch, not when that cannot be found out", async () => {
  let answer: () => Promise<boolean> = () => Promise.reject(new Error("gone"));
  const { clock, stream, text } = open(() => answer());
  text();
  clock.advance(5_000);
  await Promise.resolve();
  expect(text()).toBe("");
  answer = () => Promise.resolve(false);
  const closed = once(stream.readable, "close");
  clock.advance(5_000);
  let said = "";
  stream.readable.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await closed;
  expect(said).toBe('event: end\ndata: {"reason":"access"}\n\n');
  stream.told([news()], false);
  expect(said).not.toContain("msg_1");
});

test("of somebody who reads nothing is given up, also at the end", async () => {
  const { stream } = open();
  const closed = once(stream.readable, "close");
  const data = { text: "x".repeat(1_000) };
  for (let n = 0; n < 400; n += 1) stream.told([news({ data })], false);
  await closed;
  const other = open();
  const gone = once(other.stream.readable, "close");
  other.stream.end("stopping");
  other.clock.advance(1_000);
  await gone;
});

test.each([
  ["1700000000000", 1_700_000_000_000],
  ["9700000000000", 1_800_000_000_000],
  ["170000000000", undefined],
  ["msg_1", undefined],
  ["", undefined],
  [undefined, undefined],
  [["1700000000000"], undefined],
])("the last event id %j is %s", (header, expected) => {
  expect(readLastEventId(header, 1_800_000_000_000)).toBe(expected);
});
