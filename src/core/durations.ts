/**
 * How long attempts took, as counts per class: classes grow by half an octave, so that a percentile out
 * of them is at most a fifth away from the true one, and counts of different times can be added.
 */

/** Classes begin at these milliseconds; the first holds what is shorter, the last has no end. */
export const DURATION_BOUNDS_MS: readonly number[] = [
  2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256, 362, 512, 724, 1024, 1448, 2048, 2896,
  4096, 5793, 8192, 11_585, 16_384, 23_170, 32_768,
];
export const DURATION_CLASSES = DURATION_BOUNDS_MS.length + 1;

export function addDurations(sum: number[], more: readonly number[]): void {
  for (const [index, count] of more.entries()) sum[index] = (sum[index] ?? 0) + count;
}

/**
 * The milliseconds that `share` of the attempts took at most, straight within their class; null when
 * there are none.
 */
export function percentileMs(counts: readonly number[], share: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const wanted = share * total;
  let below = 0;
  for (const [index, count] of counts.entries()) {
    if (count === 0 || below + count < wanted) {
      below += count;
      continue;
    }
    const from = DURATION_BOUNDS_MS[index - 1] ?? 0;
    const to = DURATION_BOUNDS_MS[index] ?? from;
    return Math.round(from + ((wanted - below) / count) * (to - from));
  }
  return DURATION_BOUNDS_MS.at(-1) ?? 0;
}
