/** Small charts of a row: no axes, said in words for who cannot see them. */
import type { ReactNode } from "react";

const WIDTH = 120;
const HEIGHT = 28;

export interface Bar {
  good: number;
  bad: number;
  /** Shown on hover. */
  title: string;
}

/** Stacked bars: what succeeded below, what failed above. */
export function BarSparkline({ bars, label }: { bars: readonly Bar[]; label: string }): ReactNode {
  const max = Math.max(1, ...bars.map(({ good, bad }) => good + bad));
  const step = WIDTH / Math.max(1, bars.length);
  const heightOf = (count: number): number =>
    count === 0 ? 0 : Math.max(2, (count / max) * HEIGHT);
  return (
    <svg role="img" aria-label={label} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className="h-7 w-24">
      {bars.map(({ good, bad, title }, index) => {
        const goodHeight = Math.min(heightOf(good), HEIGHT - heightOf(bad));
        const badHeight = heightOf(bad);
        const x = index * step;
        const width = Math.max(1, step - 1);
        return (
          // Bars are places in time: their order is their identity.
          // oxlint-disable-next-line react/no-array-index-key
          <g key={index}>
            <title>{title}</title>
            <rect x={x} y={HEIGHT - 1} width={width} height={1} className="fill-bar-idle" />
            <rect
              x={x}
              y={HEIGHT - goodHeight}
              width={width}
              height={goodHeight}
              className="fill-bar-good"
            />
            <rect
              x={x}
              y={HEIGHT - goodHeight - badHeight}
              width={width}
              height={badHeight}
              className="fill-bar-bad"
            />
          </g>
        );
      })}
    </svg>
  );
}

/** A line through values; null leaves a gap. */
export function LineSparkline({
  values,
  label,
}: {
  values: readonly (number | null)[];
  label: string;
}): ReactNode {
  const max = Math.max(1, ...values.map((value) => value ?? 0));
  const step = values.length > 1 ? WIDTH / (values.length - 1) : WIDTH;
  let path = "";
  let drawing = false;
  for (const [index, value] of values.entries()) {
    if (value === null) drawing = false;
    else {
      const y = HEIGHT - 1 - (value / max) * (HEIGHT - 2);
      path += `${drawing ? "L" : "M"}${(index * step).toFixed(1)} ${y.toFixed(1)}`;
      drawing = true;
    }
  }
  return (
    <svg role="img" aria-label={label} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className="h-7 w-24">
      <path
        d={path}
        fill="none"
        strokeWidth={1.5}
        strokeLinejoin="round"
        className="stroke-accent"
      />
    </svg>
  );
}
