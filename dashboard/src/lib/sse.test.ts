import { expect, test } from "vitest";
import { EventParser } from "./sse.ts";

const STREAM =
  ': hello\n\nid: 7\nevent: attempt\ndata: {"a":1}\n\nevent: message\r\ndata: one\r\ndata: two\r\n\r\ndata:x\n\n';

test("events are read whole, whatever pieces they come in", () => {
  for (let size = 1; size <= STREAM.length; size += 1) {
    const parser = new EventParser();
    const events = [];
    for (let at = 0; at < STREAM.length; at += size) {
      events.push(...parser.push(STREAM.slice(at, at + size)));
    }
    expect(events).toEqual([
      { event: "attempt", data: '{"a":1}', id: "7" },
      { event: "message", data: "one\ntwo", id: undefined },
      { event: "message", data: "x", id: undefined },
    ]);
  }
});

test("a comment is no event, and half an event is none yet", () => {
  const parser = new EventParser();
  expect(parser.push(":\n\ndata: half")).toEqual([]);
  expect(parser.push("\n\n")).toEqual([{ event: "message", data: "half", id: undefined }]);
});
