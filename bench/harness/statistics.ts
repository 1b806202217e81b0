/** Medians and percentiles of measured values. */

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** Linear between neighbours; of nothing it throws, since no figure may come of it. */
export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new Error("There are no values to take a percentile of.");
  const sorted = values.toSorted((one, other) => one - other);
  const position = share * (sorted.length - 1);
  const lower = Math.floor(position);
  const low = sorted[lower] ?? 0;
  const high = sorted[lower + 1] ?? low;
  return low + (high - low) * (position - lower);
}

/** To four significant digits: the rest would be noise. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
