/**
 * Lengths of time and points in time as integrators write them. Both are strict: what could be read
 * in two ways (a time without a zone, 31 February, a bare number) is not read at all.
 */
import type { UnixMs } from "./types.ts";

const UNIT_MS: Record<string, number> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `30m`, `1.5h`, `2s`, `250ms`, `1d` in whole milliseconds; undefined for anything else. */
export function parseDurationMs(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|d)$/.exec(text);
  const unitMs = UNIT_MS[match?.[2] ?? ""];
  return unitMs === undefined ? undefined : Math.round(Number(match?.[1]) * unitMs);
}

/** As `parseDurationMs` reads it, in the largest unit that leaves no fraction: `90m`, `2h`. */
export function formatDurationMs(durationMs: number): string {
  const units = Object.entries(UNIT_MS).toReversed();
  const [unit, unitMs] = units.find(([, ms]) => durationMs % ms === 0) ?? ["ms", 1];
  return `${durationMs / unitMs}${unit}`;
}

const INSTANT =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:[.,]\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?$/i;

export type InstantResult =
  | { ok: true; at: UnixMs }
  | { ok: false; reason: "malformed" | "zone_missing" };

/** An ISO 8601 date and time with its zone, such as `2026-05-08T22:00:00Z` or `…T23:00:00+01:00`. */
export function parseInstant(text: string): InstantResult {
  const match = INSTANT.exec(text);
  if (match === null) return { ok: false, reason: "malformed" };
  const [year, month, day, hour, minute, second] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  // Months roll over silently in Date: the 31st of February would become a day in March.
  const daysInMonth = new Date(Date.UTC(year ?? 0, month ?? 0, 0)).getUTCDate();
  const inRange =
    within(month, 1, 12) &&
    within(day, 1, daysInMonth) &&
    within(hour, 0, 23) &&
    within(minute, 0, 59) &&
    within(second, 0, 59);
  if (!inRange) return { ok: false, reason: "malformed" };
  const zone = match[7];
  if (zone === undefined) return { ok: false, reason: "zone_missing" };
  if (!isZone(zone)) return { ok: false, reason: "malformed" };
  return { ok: true, at: Date.parse(canonical(text, zone)) };
}

/** What `Date.parse` reads the same way everywhere: a point before the fraction, a colon in the zone. */
function canonical(text: string, zone: string): string {
  const clock = text
    .slice(0, text.length - zone.length)
    .toUpperCase()
    .replace(",", ".");
  if (zone.toUpperCase() === "Z") return `${clock}Z`;
  return `${clock}${zone.slice(0, 3)}:${zone.slice(-2)}`;
}

function isZone(zone: string): boolean {
  if (zone.toUpperCase() === "Z") return true;
  return Number(zone.slice(1, 3)) <= 14 && Number(zone.slice(-2)) <= 59;
}

function within(value: number | undefined, min: number, max: number): boolean {
  return value !== undefined && value >= min && value <= max;
}
