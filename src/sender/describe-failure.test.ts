import { describe, expect, test } from "vitest";

import { ConnectFailure } from "./connect-failure.ts";
import { describeFailure, inWords } from "./describe-failure.ts";

function coded(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code });
}

const peer = "example.com:443";
const before = { peer, elapsedMs: 2, answered: false };

describe("every failure has a code and a sentence", () => {
  const cases: [string, Error, string, string][] = [
    ["refused", coded("ECONNREFUSED"), "refused", `Connection refused by ${peer} after 2 ms.`],
    ["no route", coded("EHOSTUNREACH"), "unreachable", `No route to ${peer} (EHOSTUNREACH)`],
    ["no network", coded("ENETUNREACH"), "unreachable", `No route to ${peer} (ENETUNREACH)`],
    ["kernel timeout", coded("ETIMEDOUT"), "timeout", `No connection to ${peer} after 2 ms.`],
    ["descriptors", coded("EMFILE"), "no_socket", "This machine has no socket to spare (EMFILE)."],
    ["broken pipe", coded("EPIPE"), "reset", `Connection closed by ${peer} after 2 ms, before any`],
    ["anything else", new Error("odd"), "unreachable", `No connection to ${peer} after 2 ms: odd.`],
    ["our own", new ConnectFailure("dns", "No such name."), "dns", "No such name."],
  ];
  test.each(cases)("%s", (_name, error, code, message) => {
    const failure = describeFailure(error, before);
    expect(failure.code).toBe(code);
    expect(failure.message).toContain(message);
  });

  test("an answer that had begun is told apart", () => {
    const failure = describeFailure(coded("ECONNRESET"), { ...before, answered: true });
    expect(failure.message).toContain("in the middle of its answer");
  });
});

test.each([
  [0.4, "0 ms"],
  [999, "999 ms"],
  [1_500, "1.5 s"],
  [30_000, "30 s"],
])("%d ms reads %s", (durationMs, words) => {
  expect(inWords(durationMs)).toBe(words);
});
