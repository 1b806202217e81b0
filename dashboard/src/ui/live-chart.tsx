/** A small live chart of a battery: state of charge as an area, power as a line around the middle. */
import type { ReactNode } from "react";

export interface LivePoint {
  at: number;
  /** 0 to 100: the area. */
  level: number;
  /** Around zero: the line. */
  flow: number;
}

interface LiveChartProps {
  points: readonly LivePoint[];
  /** The line's most, either way. */
  flowMax: number;
  /** Said to who cannot see it. */
  label: string;
  className?: string;
}

const WIDTH = 300;
const HEIGHT = 60;
const WINDOW_MS_MIN = 30_000;
const WINDOW_MS_MAX = 300_000;

export function LiveChart({ points, flowMax, label, className }: LiveChartProps): ReactNode {
  const end = points.at(-1)?.at ?? 0;
  const first = points[0]?.at ?? end;
  const windowMs = Math.min(WINDOW_MS_MAX, Math.max(WINDOW_MS_MIN, end - first));
  const shown = points.filter(({ at }) => at >= end - windowMs);
  const x = (at: number): string => (WIDTH - ((end - at) / windowMs) * WIDTH).toFixed(1);
  const yLevel = (level: number): string => (HEIGHT - (level / 100) * (HEIGHT - 4)).toFixed(1);
  const yFlow = (flow: number): string => {
    const share = Math.max(-1, Math.min(1, flow / flowMax));
    return (HEIGHT / 2 - share * (HEIGHT / 2 - 2)).toFixed(1);
  };
  const line = (y: (point: LivePoint) => string): string =>
    shown.map((point, at) => `${at === 0 ? "M" : "L"}${x(point.at)} ${y(point)}`).join("");
  const level = line((point) => yLevel(point.level));
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      className={className}
    >
      <line
        x1={0}
        x2={WIDTH}
        y1={HEIGHT / 2}
        y2={HEIGHT / 2}
        strokeDasharray="2 4"
        vectorEffect="non-scaling-stroke"
        className="stroke-line-strong"
      />
      {shown.length > 1 && (
        <>
          <path
            d={`${level}L${WIDTH} ${HEIGHT}L${x(shown[0]?.at ?? end)} ${HEIGHT}Z`}
            className="fill-accent-soft opacity-70"
          />
          <path
            d={level}
            fill="none"
            strokeWidth={1.5}
            vectorEffect="non-scaling-stroke"
            className="stroke-accent"
          />
          <path
            d={line((point) => yFlow(point.flow))}
            fill="none"
            strokeWidth={1.5}
            vectorEffect="non-scaling-stroke"
            strokeLinejoin="round"
            className="stroke-warn"
          />
        </>
      )}
    </svg>
  );
}
