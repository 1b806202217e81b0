/** The big chart of a battery: uPlot, which is loaded with this page only. */
import { type ReactNode, useEffect, useRef } from "react";
// oxlint-disable-next-line import/no-unassigned-import
import "uplot/dist/uPlot.min.css";
import type uPlot from "uplot";
import type { BatteryReading } from "../../lib/readings.ts";
import { followTheme } from "../../lib/theme.ts";

const HEIGHT = 240;
const WINDOW_S_MIN = 60;
const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hour12: false });
const QUARTERS = [0, 0.25, 0.5, 0.75, 1];
const FONT = "11px Inter, system-ui, sans-serif";

interface DeviceChartProps {
  readings: readonly BatteryReading[];
  powerMaxKw: number;
  label: string;
}

function toData(readings: readonly BatteryReading[]): uPlot.AlignedData {
  return [
    readings.map(({ at }) => at / 1_000),
    readings.map(({ socPercent }) => socPercent),
    readings.map(({ powerKw }) => powerKw),
  ];
}

/** The end is now; at the beginning there is at least a minute of room. */
function timeRange(_: uPlot, min: number | null, max: number | null): [number, number] {
  const end = max ?? Date.now() / 1_000;
  return [Math.min(min ?? end, end - WINDOW_S_MIN), end];
}

function optionsFor(width: number, powerMaxKw: number): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const axis = { stroke: colour("faint"), font: FONT, ticks: { show: false } };
  const grid = { stroke: colour("line"), width: 1 };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    scales: {
      x: { time: true, range: timeRange },
      soc: { range: [0, 100] },
      power: { range: [-powerMaxKw, powerMaxKw] },
    },
    series: [
      {},
      {
        scale: "soc",
        stroke: colour("accent"),
        fill: colour("accent-soft"),
        width: 2,
        points: { show: false },
      },
      { scale: "power", stroke: colour("warn"), width: 2, points: { show: false } },
    ],
    axes: [
      {
        ...axis,
        grid: { show: false },
        space: 90,
        values: (_, all) => all.map((at) => TIME.format(at * 1_000)),
      },
      {
        ...axis,
        scale: "soc",
        grid,
        size: 48,
        splits: QUARTERS.map((part) => part * 100),
        values: (_, all) => all.map((one) => `${one} %`),
      },
      {
        ...axis,
        scale: "power",
        side: 1,
        grid: { show: false },
        size: 56,
        // On the lines of the other axis.
        splits: QUARTERS.map((part) => (part * 2 - 1) * powerMaxKw),
        values: (_, all) => all.map((one) => `${one} kW`),
      },
    ],
  };
}

export function DeviceChart({ readings, powerMaxKw, label }: DeviceChartProps): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(undefined);
  const latest = useRef(readings);
  useEffect(() => {
    latest.current = readings;
    chart.current?.setData(toData(readings));
  }, [readings]);
  useEffect(() => {
    const target = box.current;
    if (target === null) return undefined;
    let left = false;
    const draw = async (): Promise<void> => {
      const { default: UPlot } = await import("uplot");
      if (left) return;
      chart.current?.destroy();
      const options = optionsFor(target.clientWidth, powerMaxKw);
      chart.current = new UPlot(options, toData(latest.current), target);
    };
    void draw();
    const sizes = new ResizeObserver(() =>
      chart.current?.setSize({ width: target.clientWidth, height: HEIGHT }),
    );
    sizes.observe(target);
    const forget = followTheme(() => void draw());
    return () => {
      left = true;
      forget();
      sizes.disconnect();
      chart.current?.destroy();
      chart.current = undefined;
    };
  }, [powerMaxKw]);
  // Its height is there before the chart is.
  return <div ref={box} role="img" aria-label={label} className="h-60 w-full overflow-hidden" />;
}
