import { describe, expect, test } from "vitest";
import { decide, type DecisionInput, MANUAL, SCHEDULED, type Trigger } from "./attempt-outcome.ts";
import { DEFAULT_RETRY_SCHEDULE_MS } from "./retry.ts";
import type { SendErrorCode, SendResult } from "./send-result.ts";

const NOW = Date.UTC(2026, 10, 24);
const DAY_MS = 24 * 3_600_000;

function response(status: number, headers: Record<string, string> = {}): SendResult {
  return {
    kind: "response",
    status,
    headers,
    responseHeaders: "",
    body: Buffer.alloc(0),
    truncated: false,
    durationMs: 1,
  };
}

function input(result: SendResult, changes: Partial<DecisionInput> = {}): DecisionInput {
  return {
    result,
    trigger: SCHEDULED,
    failuresBefore: 0,
    schedule: DEFAULT_RETRY_SCHEDULE_MS,
    failingSince: null,
    now: NOW,
    random: 0.5,
    ...changes,
  };
}

const ERRORS: SendErrorCode[] = [
  "dns",
  "refused",
  "unreachable",
  "tls",
  "timeout",
  "address_denied",
  "too_large",
  "reset",
  "protocol",
  "aborted",
  "invalid_url",
  "invalid_header",
  "no_socket",
];
const FAILURES: [string, SendResult][] = [
  ...[300, 301, 302, 304, 308, 400, 401, 404, 410, 418, 429, 499, 500, 502, 503, 504, 599].map(
    (status): [string, SendResult] => [String(status), response(status)],
  ),
  ...[100, 199, 0, 600, 999].map((status): [string, SendResult] => [
    String(status),
    response(status),
  ]),
  ...ERRORS.map((code): [string, SendResult] => [
    code,
    { kind: "error", code, message: "It failed.", durationMs: 1 },
  ]),
];

describe("every combination of outcome, trigger, failures and failing since", () => {
  const cases = FAILURES.flatMap(([name, result]) =>
    ([SCHEDULED, MANUAL] as Trigger[]).flatMap((trigger) =>
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 100].flatMap((failuresBefore) =>
        [null, NOW, NOW - 5 * DAY_MS + 1, NOW - 5 * DAY_MS, NOW - 30 * DAY_MS].map(
          (failingSince) => ({ name, result, trigger, failuresBefore, failingSince }),
        ),
      ),
    ),
  );

  test(`${cases.length} failures wait, end or disable as the contract says`, () => {
    for (const { name, result, ...rest } of cases) {
      const decision = decide(input(result, rest));
      const where = JSON.stringify({ name, ...rest });
      expect(decision.succeeded, where).toBe(false);
      const ends = rest.trigger === MANUAL || rest.failuresBefore >= 7;
      const planned = DEFAULT_RETRY_SCHEDULE_MS[rest.failuresBefore];
      expect(decision.retryDelayMs, where).toBe(ends ? null : planned);
      const long = rest.failingSince !== null && NOW - rest.failingSince >= 5 * DAY_MS;
      const reason = name === "410" ? "gone" : long ? "failing_for_5_days" : null;
      expect(decision.disable, where).toBe(reason);
    }
  });

  test.each([200, 201, 202, 204, 206, 299])("%i is delivered, whatever came before", (status) => {
    for (const trigger of [SCHEDULED, MANUAL] as Trigger[]) {
      for (const failuresBefore of [0, 6, 7, 100]) {
        for (const failingSince of [null, NOW, NOW - 30 * DAY_MS]) {
          const changes = { trigger, failuresBefore, failingSince };
          expect(decide(input(response(status), changes))).toEqual({
            succeeded: true,
            retryDelayMs: null,
            disable: null,
          });
        }
      }
    }
  });
});

test("what has no payload any more ends, and the endpoint is not to blame", () => {
  const result: SendResult = {
    kind: "error",
    code: "payload_gone",
    message: "The payload was expunged.",
    durationMs: 0,
  };
  const long = { failingSince: NOW - 30 * DAY_MS };
  expect(decide(input(result, long))).toEqual({
    succeeded: false,
    retryDelayMs: null,
    disable: null,
  });
});

describe("what the receiver asks for by headers", () => {
  test.each([200, 400, 500, 302, 410])("disable with %i disables", (status) => {
    const decision = decide(input(response(status, { webhookDelivery: "disable" })));
    expect(decision.disable).toBe("asked_by_receiver");
    expect(decision.succeeded).toBe(status === 200);
    expect(decision.retryDelayMs).toBe(status === 200 ? null : 5_000);
  });

  test("abort-message ends the retries of this message and nothing else", () => {
    const aborted = decide(input(response(500, { webhookDelivery: "abort-message" })));
    expect(aborted).toEqual({ succeeded: false, retryDelayMs: null, disable: null });
    const success = decide(input(response(200, { webhookDelivery: "abort-message" })));
    expect(success).toEqual({ succeeded: true, retryDelayMs: null, disable: null });
  });

  test("abort-message with 410 does both", () => {
    const decision = decide(input(response(410, { webhookDelivery: "abort-message" })));
    expect(decision).toEqual({ succeeded: false, retryDelayMs: null, disable: "gone" });
  });

  test.each(["DISABLE", "disable, abort-message", "", "true", "abort"])(
    "the unknown wish %j is ignored",
    (webhookDelivery) => {
      const decision = decide(input(response(500, { webhookDelivery })));
      expect(decision).toEqual({ succeeded: false, retryDelayMs: 5_000, disable: null });
    },
  );

  test.each([
    ["0", 5_000],
    ["5", 5_000],
    ["60", 60_000],
    ["Tue, 24 Nov 2026 00:10:00 GMT", 600_000],
    ["-1", 5_000],
    ["1000000000", DAY_MS],
    ["soon", 5_000],
  ])("E41: 429 and 503 with Retry-After %j wait %d ms", (retryAfter, waited) => {
    for (const status of [429, 503, 500, 404]) {
      expect(decide(input(response(status, { retryAfter }))).retryDelayMs).toBe(waited);
    }
  });

  test("Retry-After adds no attempt to a chain that is used up, nor to a manual one", () => {
    const result = response(503, { retryAfter: "60" });
    expect(decide(input(result, { failuresBefore: 7 })).retryDelayMs).toBeNull();
    expect(decide(input(result, { trigger: MANUAL })).retryDelayMs).toBeNull();
  });
});

test("jitter is drawn once from the random number", () => {
  expect(decide(input(response(500), { random: 0 })).retryDelayMs).toBe(4_000);
  expect(decide(input(response(500), { random: 0.999_999 })).retryDelayMs).toBe(6_000);
});
