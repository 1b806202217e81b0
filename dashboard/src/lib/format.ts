/** Times, sizes and numbers in words. One place, so that all pages say them the same way. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const UNITS: readonly (readonly [number, string])[] = [
  [DAY, "d"],
  [HOUR, "h"],
  [MINUTE, "min"],
  [SECOND, "s"],
];

/** A span in its largest unit: `42 s`, `3 min`, `5 h`, `12 d`. */
export function formatSpan(ms: number): string {
  for (const [size, name] of UNITS) if (ms >= size) return `${Math.floor(ms / size)} ${name}`;
  return "0 s";
}

/** A span in its two largest units, for countdowns: `1 h 04 min`, `9 s`. */
export function formatCountdown(ms: number): string {
  const left = Math.max(0, Math.ceil(ms / SECOND) * SECOND);
  const at = UNITS.findIndex(([size]) => left >= size);
  const unit = UNITS[at];
  if (unit === undefined) return "0 s";
  const [size, name] = unit;
  const next = UNITS[at + 1];
  const first = `${Math.floor(left / size)} ${name}`;
  if (next === undefined) return first;
  const rest = Math.floor((left % size) / next[0]);
  return rest === 0 ? first : `${first} ${String(rest).padStart(2, "0")} ${next[1]}`;
}

/** How long something took: `0.42 ms`, `87 ms`, `1.2 s`. */
export function formatDuration(ms: number): string {
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < MINUTE) return `${(ms / SECOND).toFixed(ms < 10 * SECOND ? 2 : 1)} s`;
  return formatCountdown(ms);
}

/** `5 min ago`, `in 3 h`, `just now`. */
export function formatRelative(at: number, now: number): string {
  const ms = now - at;
  if (Math.abs(ms) < 5 * SECOND) return "just now";
  return ms > 0 ? `${formatSpan(ms)} ago` : `in ${formatSpan(-ms)}`;
}

const FULL = new Intl.DateTimeFormat(undefined, {
  dateStyle: "medium",
  timeStyle: "medium",
});
const SHORT = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hour12: false,
});

/** For tooltips: local time, then UTC. */
export function formatFull(at: number): string {
  return `${FULL.format(at)} (${new Date(at).toISOString()})`;
}

/** Day and time, local, for tables. */
export function formatShort(at: number): string {
  return SHORT.format(at);
}

const WHOLE = new Intl.NumberFormat("en");
const COMPACT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export function formatNumber(value: number): string {
  return WHOLE.format(value);
}

/** `12.3K` from ten thousand on. */
export function formatCount(value: number): string {
  return value < 10_000 ? WHOLE.format(value) : COMPACT.format(value);
}

/** `99.98 %`. Only a whole success is 100 %: what failed once is never rounded away. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0) return "–";
  const percent = (part / whole) * 100;
  if (part === whole) return "100 %";
  return `${percent >= 99 ? Math.min(percent, 99.99).toFixed(2) : percent.toFixed(1)} %`;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const kib = bytes / 1024;
  return kib < 1024 ? `${kib.toFixed(1)} KiB` : `${(kib / 1024).toFixed(1)} MiB`;
}

/** Something and its number: `1 event`, `3 events`. */
export function formatPlural(count: number, one: string, many = `${one}s`): string {
  return `${formatNumber(count)} ${count === 1 ? one : many}`;
}
