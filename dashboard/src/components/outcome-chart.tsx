/** Attempts over time: what succeeded, what failed on top, and the p95 of the answers below. */
import { type ReactNode, useState } from "react";
import type { EndpointStatistics, EndpointStatisticsPeriod } from "../api/generated/paths.ts";
import { formatCount, formatDuration } from "../lib/format.ts";

type Bucket = EndpointStatistics["bucket"];

const LABELS: Record<Bucket, Intl.DateTimeFormatOptions> = {
  minute: { hour: "2-digit", minute: "2-digit", hour12: false },
  hour: { hour: "2-digit", minute: "2-digit", hour12: false },
  day: { month: "short", day: "numeric" },
};

export function periodLabel(startsAt: string, bucket: Bucket): string {
  return new Intl.DateTimeFormat(undefined, LABELS[bucket]).format(Date.parse(startsAt));
}

const BARS_HEIGHT = 128;
const LINE_HEIGHT = 36;
const UNIT = 10;

/** The next figure that people like, from 1, 2, 5, 10 … */
export function niceMax(value: number): number {
  if (value <= 5) return Math.max(1, value);
  const size = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * size).find((step) => step >= value) ?? value;
}

interface BarsProps {
  series: readonly EndpointStatisticsPeriod[];
  max: number;
  onPoint: (index: number | undefined) => void;
}

function Bars({ series, max, onPoint }: BarsProps): ReactNode {
  const heightOf = (count: number): number =>
    count === 0 ? 0 : Math.max(2, (count / max) * BARS_HEIGHT);
  return (
    <svg
      viewBox={`0 0 ${series.length * UNIT} ${BARS_HEIGHT}`}
      preserveAspectRatio="none"
      className="h-32 w-full"
      aria-hidden
      onPointerLeave={() => onPoint(undefined)}
    >
      {[0.25, 0.5, 0.75, 1].map((part) => (
        <line
          key={part}
          x1={0}
          x2={series.length * UNIT}
          y1={BARS_HEIGHT * part}
          y2={BARS_HEIGHT * part}
          vectorEffect="non-scaling-stroke"
          className="stroke-line"
        />
      ))}
      {series.map(({ startsAt, successes, failures }, index) => {
        const good = heightOf(successes);
        const bad = heightOf(failures);
        const x = index * UNIT + 1;
        return (
          <g key={startsAt} onPointerEnter={() => onPoint(index)}>
            <rect x={x - 1} width={UNIT} height={BARS_HEIGHT} fill="transparent" />
            <rect
              x={x}
              y={BARS_HEIGHT - good}
              width={UNIT - 2}
              height={good}
              className="fill-bar-good"
            />
            <rect
              x={x}
              y={BARS_HEIGHT - good - bad}
              width={UNIT - 2}
              height={bad}
              className="fill-bar-bad"
            />
          </g>
        );
      })}
    </svg>
  );
}

function LatencyLine({ series }: { series: readonly EndpointStatisticsPeriod[] }): ReactNode {
  const max = Math.max(1, ...series.map(({ p95Ms }) => p95Ms ?? 0));
  let path = "";
  let drawing = false;
  for (const [index, { p95Ms }] of series.entries()) {
    if (p95Ms === null) {
      drawing = false;
      continue;
    }
    const x = index * UNIT + UNIT / 2;
    const y = LINE_HEIGHT - 2 - (p95Ms / max) * (LINE_HEIGHT - 4);
    // A lone point is drawn as a short line, or it would not be seen.
    path += drawing ? `L${x} ${y}` : `M${x - 2} ${y}L${x + 2} ${y}`;
    drawing = true;
  }
  return (
    <svg
      viewBox={`0 0 ${series.length * UNIT} ${LINE_HEIGHT}`}
      preserveAspectRatio="none"
      className="h-9 w-full"
      aria-hidden
    >
      <path
        d={path}
        fill="none"
        strokeWidth={1.5}
        vectorEffect="non-scaling-stroke"
        className="stroke-accent"
      />
    </svg>
  );
}

function Legend({
  pointed,
  bucket,
}: {
  pointed: EndpointStatisticsPeriod | undefined;
  bucket: Bucket;
}): ReactNode {
  if (pointed === undefined) {
    return (
      <span className="flex flex-wrap gap-x-4">
        <span className="flex items-center gap-1.5">
          <span className="size-2 rounded-sm bg-bar-good" aria-hidden /> succeeded
        </span>
        <span className="flex items-center gap-1.5">
          <span className="size-2 rounded-sm bg-bar-bad" aria-hidden /> failed
        </span>
        <span className="flex items-center gap-1.5">
          <span className="h-0.5 w-3 bg-accent" aria-hidden /> p95 of the answer time
        </span>
      </span>
    );
  }
  const { startsAt, successes, failures, p95Ms } = pointed;
  return (
    <span className="tabular-nums">
      {periodLabel(startsAt, bucket)}: {formatCount(successes)} succeeded, {formatCount(failures)}{" "}
      failed
      {p95Ms !== null && `, p95 ${formatDuration(p95Ms)}`}
    </span>
  );
}

/** The same as a table, for who cannot see the chart. */
function InWords({ series, bucket }: Pick<EndpointStatistics, "series" | "bucket">): ReactNode {
  const busy = series.filter(({ attempts }) => attempts > 0);
  return (
    <table className="sr-only">
      <caption>Attempts by time</caption>
      <thead>
        <tr>
          <th scope="col">From</th>
          <th scope="col">Succeeded</th>
          <th scope="col">Failed</th>
          <th scope="col">p95</th>
        </tr>
      </thead>
      <tbody>
        {busy.map(({ startsAt, successes, failures, p95Ms }) => (
          <tr key={startsAt}>
            <td>{periodLabel(startsAt, bucket)}</td>
            <td>{successes}</td>
            <td>{failures}</td>
            <td>{p95Ms === null ? "–" : formatDuration(p95Ms)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function OutcomeChart({
  statistics,
}: {
  statistics: Pick<EndpointStatistics, "series" | "bucket">;
}): ReactNode {
  const { series, bucket } = statistics;
  const [pointed, setPointed] = useState<number>();
  const max = niceMax(Math.max(...series.map(({ attempts }) => attempts)));
  const slowest = Math.max(0, ...series.map(({ p95Ms }) => p95Ms ?? 0));
  const first = series[0];
  const middle = series[Math.floor(series.length / 2)];
  return (
    <div className="relative flex flex-col gap-1 text-xs text-muted">
      <div className="flex justify-between">
        <Legend pointed={pointed === undefined ? undefined : series[pointed]} bucket={bucket} />
        <span className="text-faint tabular-nums">{formatCount(max)}</span>
      </div>
      <Bars series={series} max={max} onPoint={setPointed} />
      <div className="flex justify-end text-faint tabular-nums" aria-hidden>
        {slowest > 0 && `p95 up to ${formatDuration(slowest)}`}
      </div>
      <LatencyLine series={series} />
      <div className="flex justify-between text-faint tabular-nums" aria-hidden>
        <span>{first !== undefined && periodLabel(first.startsAt, bucket)}</span>
        <span>{middle !== undefined && periodLabel(middle.startsAt, bucket)}</span>
        <span>now</span>
      </div>
      <InWords series={series} bucket={bucket} />
    </div>
  );
}
