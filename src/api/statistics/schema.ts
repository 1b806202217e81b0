/** Statistics of endpoints on the wire. */
import { Type } from "typebox";
import { addDurations, percentileMs } from "../../core/durations.ts";
import type { UnixMs } from "../../core/types.ts";
import { type Standing, WAITING_COUNTED_MAX } from "../../storage/statistics/list-standings.ts";
import type {
  Counts,
  PeriodCounts,
  StatisticsSpan,
} from "../../storage/statistics/read-statistics.ts";
import { dateTime, listOf, nullable } from "../schemas.ts";

const milliseconds = nullable(Type.Integer({ description: "Null when there were no attempts." }));
const countFields = {
  attempts: Type.Integer(),
  successes: Type.Integer(),
  failures: Type.Integer(),
  p50Ms: milliseconds,
  p95Ms: milliseconds,
};
const Period = Type.Object(
  { startsAt: dateTime, ...countFields },
  { title: "EndpointStatisticsPeriod" },
);
export const EndpointStatistics = Type.Object(
  {
    endpointId: Type.String(),
    since: dateTime,
    until: dateTime,
    bucket: Type.Unsafe<string>({ type: "string", enum: ["minute", "hour", "day"] }),
    ...countFields,
    complete: Type.Boolean({ description: "False: history is still being counted." }),
    disabled: Type.Boolean(),
    failingSince: nullable(dateTime),
    waiting: Type.Integer({
      description: `Deliveries owed, counted up to ${WAITING_COUNTED_MAX}.`,
    }),
    waitingMore: Type.Boolean({ description: "There are more than were counted." }),
    oldestWaitingAt: nullable(dateTime),
    series: Type.Array(Period, { description: "Every period, the oldest first." }),
  },
  { title: "EndpointStatistics", description: "Attempts by when they began." },
);
export const ApplicationStatistics = Type.Object(
  {
    since: dateTime,
    until: dateTime,
    bucket: Type.Unsafe<string>({ type: "string", enum: ["minute", "hour", "day"] }),
    ...countFields,
    complete: Type.Boolean({ description: "False: history is still being counted." }),
    endpoints: Type.Integer(),
    failing: Type.Integer({ description: "Endpoints that have only failed lately." }),
    disabled: Type.Integer(),
    waiting: Type.Integer({
      description: `Deliveries owed, of each endpoint counted up to ${WAITING_COUNTED_MAX}.`,
    }),
    waitingMore: Type.Boolean({ description: "There are more than were counted." }),
    oldestWaitingAt: nullable(dateTime),
    series: Type.Array(Period, { description: "Every period, the oldest first." }),
  },
  { title: "ApplicationStatistics", description: "All endpoints together." },
);
export const EndpointStatisticsList = listOf(
  "ListResponse_EndpointStatistics_",
  EndpointStatistics,
);

const iso = (time: UnixMs): string => new Date(time).toISOString();
const isoOrNull = (time: UnixMs | null): string | null => (time === null ? null : iso(time));

function renderCounts({ attempts, successes, durations }: Counts): object {
  return {
    attempts,
    successes,
    failures: attempts - successes,
    p50Ms: percentileMs(durations, 0.5),
    p95Ms: percentileMs(durations, 0.95),
  };
}

export type BucketName = "minute" | "hour" | "day";

function addCounts(sum: Counts, more: Counts): void {
  sum.attempts += more.attempts;
  sum.successes += more.successes;
  addDurations(sum.durations, more.durations);
}

const noCounts = (): Counts => ({ attempts: 0, successes: 0, durations: [] });

/** @param counts of one or of several endpoints, by period */
function renderSpan(
  counts: readonly PeriodCounts[],
  { span, bucket }: { span: StatisticsSpan; bucket: BucketName },
): object {
  const total = noCounts();
  const byPeriod = new Map<UnixMs, Counts>();
  for (const one of counts) {
    const period = byPeriod.get(one.period) ?? noCounts();
    addCounts(period, one);
    byPeriod.set(one.period, period);
    addCounts(total, one);
  }
  const series: object[] = [];
  for (let at = span.since; at < span.until; at += span.periodSeconds * 1000) {
    series.push({ startsAt: iso(at), ...renderCounts(byPeriod.get(at) ?? noCounts()) });
  }
  return { since: iso(span.since), until: iso(span.until), bucket, ...renderCounts(total), series };
}

/** All endpoints of an application as one. */
export function renderTotal(
  standings: readonly Standing[],
  counts: readonly PeriodCounts[],
  of: { span: StatisticsSpan; bucket: BucketName },
): unknown {
  const oldest = standings.flatMap(({ oldestWaitingAt }) => oldestWaitingAt ?? []);
  const waiting = standings.map((one) => Math.min(one.waiting, WAITING_COUNTED_MAX));
  return {
    ...renderSpan(counts, of),
    complete: !standings.some(({ behind }) => behind),
    endpoints: standings.length,
    failing: standings.filter(({ failingSince, disabled }) => failingSince !== null && !disabled)
      .length,
    disabled: standings.filter(({ disabled }) => disabled).length,
    waiting: waiting.reduce((sum, count) => sum + count, 0),
    waitingMore: standings.some((one) => one.waiting > WAITING_COUNTED_MAX),
    oldestWaitingAt: isoOrNull(oldest.length === 0 ? null : Math.min(...oldest)),
  };
}

/** @param counts of this endpoint only, by period */
export function renderStatistics(
  standing: Standing,
  counts: readonly PeriodCounts[],
  of: { span: StatisticsSpan; bucket: BucketName },
): unknown {
  return {
    endpointId: standing.endpointId,
    ...renderSpan(counts, of),
    complete: !standing.behind,
    disabled: standing.disabled,
    failingSince: isoOrNull(standing.failingSince),
    waiting: Math.min(standing.waiting, WAITING_COUNTED_MAX),
    waitingMore: standing.waiting > WAITING_COUNTED_MAX,
    oldestWaitingAt: isoOrNull(standing.oldestWaitingAt),
  };
}
