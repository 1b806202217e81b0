/** An endpoint's own retry schedule on the wire: delays as people write them, within the server's limits. */
import { Type, type Static } from "typebox";
import { formatDurationMs, parseDurationMs } from "../../core/duration.ts";
import {
  RETRY_STEP_MS_MAX,
  RETRY_STEP_MS_MIN,
  RETRY_STEPS_MAX,
  retryTimes,
} from "../../core/retry.ts";
import { invalidAt } from "../errors.ts";
import { dateTime, nullable } from "../schemas.ts";

const LIMITS = `from ${formatDurationMs(RETRY_STEP_MS_MIN)} to ${formatDurationMs(RETRY_STEP_MS_MAX)}`;

const delays = Type.Array(Type.String({ maxLength: 20 }), {
  maxItems: RETRY_STEPS_MAX,
  description:
    `Delays after each failed attempt, each ${LIMITS}, such as "5s", "5m", "1.5h"; ` +
    "an empty list: one attempt. null: the server's schedule.",
  examples: [["5s", "5m", "2h"]],
});
export const retrySchedule = nullable(delays);

export const RetryTimesIn = Type.Object(
  {
    retrySchedule: Type.Optional(retrySchedule),
    start: Type.Optional(nullable(dateTime)),
  },
  { title: "RetryTimesIn" },
);
export type RetryTimesIn = Static<typeof RetryTimesIn>;

export const RetryTimesOut = Type.Object(
  {
    retrySchedule,
    effective: Type.Array(Type.String(), {
      description: "The schedule that counts: the endpoint's own, or the server's.",
    }),
    attempts: Type.Array(
      Type.Object(
        {
          attempt: Type.Integer({ description: "Counted from 1." }),
          delay: nullable(
            Type.String({ description: "After the failure before; null: the first attempt." }),
          ),
          delayMs: nullable(Type.Integer()),
          earliest: dateTime,
          at: Type.String({ format: "date-time", description: "Without jitter." }),
          latest: dateTime,
        },
        { title: "RetryTime" },
      ),
    ),
  },
  {
    title: "RetryTimesOut",
    description:
      "When attempts are made if each fails at once, the jitter of all before it added up.",
  },
);

/** Undefined: the body says nothing of it. @throws 422 naming the delay at fault */
export function readRetrySchedule(given: string[] | null | undefined): number[] | null | undefined {
  return (
    given?.map((text, index) => {
      const delayMs = parseDurationMs(text);
      if (delayMs !== undefined && delayMs >= RETRY_STEP_MS_MIN && delayMs <= RETRY_STEP_MS_MAX) {
        return delayMs;
      }
      const msg = `retrySchedule.[${index}] must be a time ${LIMITS}, such as 5s, 5m or 1.5h.`;
      throw invalidAt(["body", "retrySchedule", `[${index}]`], msg);
    }) ?? (given === null ? null : undefined)
  );
}

export function renderRetrySchedule(scheduleMs: readonly number[] | null): string[] | null {
  return scheduleMs?.map(formatDurationMs) ?? null;
}

/** @param own null: the server's counts */
export function renderRetryTimes(
  own: readonly number[] | null,
  servers: readonly number[],
  start: number,
): unknown {
  const effective = own ?? servers;
  const iso = (at: number): string => new Date(at).toISOString();
  return {
    retrySchedule: renderRetrySchedule(own),
    effective: effective.map(formatDurationMs),
    attempts: retryTimes(effective, start).map(({ attempt, delayMs, earliest, at, latest }) => ({
      attempt,
      delay: delayMs === null ? null : formatDurationMs(delayMs),
      delayMs,
      earliest: iso(earliest),
      at: iso(at),
      latest: iso(latest),
    })),
  };
}
