/** Milliseconds of the machine's monotonic clock: the same in all processes of a benchmark. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Unix milliseconds with fractions. */
export function wallMs(): number {
  return performance.timeOrigin + performance.now();
}
