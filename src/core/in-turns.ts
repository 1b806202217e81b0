/** The same items, the first of every key before the second of any; otherwise in their order. */
export function inTurns<Item>(items: readonly Item[], keyOf: (item: Item) => unknown): Item[] {
  const counts = new Map<unknown, number>();
  const rounds: Item[][] = [];
  for (const item of items) {
    const key = keyOf(item);
    const round = counts.get(key) ?? 0;
    counts.set(key, round + 1);
    const others = rounds[round];
    if (others === undefined) rounds.push([item]);
    else others.push(item);
  }
  return rounds.flat();
}
