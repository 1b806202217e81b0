import { describe, expect, test } from "vitest";
import { tryForgeries } from "./forgeries.ts";
import { type Evidence, judge } from "./oracle.ts";

const accepted = { messageId: "msg_1", hash: "h", at: 1_000 };
const receipt = { messageId: "msg_1", hash: "h", at: 2_000, signed: true, status: 200, from: "" };
const attempt = {
  messageId: "msg_1",
  succeeded: true,
  answered: true,
  last: true,
  attemptedAt: 1_990,
  durationMs: 20,
};

function evidence(changes: Partial<Evidence> = {}): Evidence {
  return {
    accepted: [accepted],
    receipts: [receipt],
    attempts: [attempt],
    stored: new Set(["msg_1"]),
    owed: [],
    cuts: [],
    ...changes,
  };
}

function failed(changes: Partial<Evidence>): string[] {
  const { checks } = judge(evidence(changes));
  return checks.filter((each) => !each.holds).map(({ name }) => name);
}

describe("the judge", () => {
  test("finds nothing wrong with one event that was delivered once", () => {
    expect(failed({})).toEqual([]);
  });

  test("accepts a visible end without delivery, and no other silence", () => {
    const exhausted = { ...attempt, succeeded: false, answered: false };
    expect(failed({ receipts: [], attempts: [exhausted] })).toEqual([]);
    expect(failed({ receipts: [], attempts: [] })).toEqual(["no accepted event is lost"]);
  });

  test("does not take an answer of failure for a delivery", () => {
    const refused = { ...receipt, status: 503 };
    const retried = { ...attempt, succeeded: false, last: false };
    expect(failed({ receipts: [refused], attempts: [retried] })).toEqual([
      "no accepted event is lost",
    ]);
  });

  test("excuses an unrecorded request and its repetition by a fault, and only by one", () => {
    const again = { ...receipt, at: 9_000 };
    const recorded = { ...attempt, attemptedAt: 8_990 };
    const repeated = { receipts: [receipt, again], attempts: [recorded] };
    expect(failed({ ...repeated, cuts: [{ from: 2_001, to: 2_010 }] })).toEqual([]);
    expect(failed({ ...repeated, cuts: [{ from: 20_000, to: 20_010 }] })).toEqual([
      "every request has its attempt, or a fault cut it",
      "an event is sent again only after a failure or a fault",
    ]);
  });

  test("tells when an event that was sent again without a fault was requested and attempted", () => {
    const again = { ...receipt, at: 9_000 };
    const recorded = { ...attempt, attemptedAt: 8_990 };
    const cuts = [100, 800, 12_000, 15_000].map((from) => ({ from, to: from + 10 }));
    const { checks } = judge(evidence({ receipts: [receipt, again], attempts: [recorded], cuts }));
    expect(checks.filter(({ holds }) => !holds).map(({ detail }) => detail)).toEqual([
      "1 of 2: msg_1 (requests at 0, 7000 ms; attempts at 6990 ms; faults at -1200, 10000 ms)",
      "1 of 2: msg_1 (requests at 0, 7000 ms; attempts at 6990 ms; faults at -1200, 10000 ms)",
    ]);
    const calm = judge(evidence({ receipts: [receipt, again], attempts: [], cuts: [] })).checks;
    expect(calm.find(({ name }) => name.startsWith("an event is sent again"))?.detail).toBe(
      "1 of 2: msg_1 (requests at 0, 7000 ms; no attempts; no faults)",
    );
  });

  test("takes an attempt for that of the nearest request, not of one that a fault cut a second before", () => {
    const again = { ...receipt, at: 3_020 };
    const recorded = { ...attempt, attemptedAt: 2_999, durationMs: 25 };
    const repeated = { receipts: [receipt, again], attempts: [recorded] };
    expect(failed({ ...repeated, cuts: [{ from: 2_001, to: 2_010 }] })).toEqual([]);
    expect(failed(repeated)).toHaveLength(2);
  });

  test("lets a failed attempt be repeated without any fault", () => {
    const first = { ...receipt, status: 503 };
    const second = { ...receipt, at: 9_000 };
    const failure = { ...attempt, succeeded: false, last: false };
    const success = { ...attempt, attemptedAt: 8_990 };
    expect(failed({ receipts: [first, second], attempts: [failure, success] })).toEqual([]);
  });

  test("finds an attempt that no receiver saw, and an event that nobody can read", () => {
    expect(failed({ attempts: [attempt, { ...attempt, attemptedAt: 99_000 }] })).toEqual([
      "no attempt is invented",
      "no event is recorded as delivered twice",
    ]);
    expect(failed({ stored: new Set() })).toEqual(["every accepted event can be read"]);
  });

  test("finds every forgery", () => {
    expect(tryForgeries(evidence())).toMatchObject({ holds: true, detail: "6 of 6 found" });
  });

  test("says which forgeries it could not try, instead of passing over them", () => {
    expect(tryForgeries(evidence({ receipts: [], attempts: [], accepted: [] })).holds).toBe(false);
  });
});
