/**
 * Messages that are being committed by this process. Their rows come by hand-off; a claim that sees
 * them first leaves them alone: it could have ended them before the hand-off brings them again.
 * A bucket that comes while a commit is under way had another owner meanwhile, who may have ended what
 * the commit stored: its rows are read from the database.
 */
interface Batch {
  messageIds: readonly string[];
  /** Made when a claim asks: most batches are committed before one does, and an id in a set costs 0.8 µs. */
  known: ReadonlySet<string> | undefined;
  /** Buckets that came since it began. */
  acquired: Set<number> | undefined;
}

export class HandOffs {
  readonly #underWay = new Set<Batch>();

  /**
   * @param commit ends with the hand-off; after one that fails a later claim finds what was stored. It is given what
   *   says whether a bucket of this node was its own since the commit began.
   */
  async during<T>(
    messageIds: readonly string[],
    commit: (wasOwned: (bucket: number) => boolean) => Promise<T>,
  ): Promise<T> {
    const batch: Batch = { messageIds, known: undefined, acquired: undefined };
    this.#underWay.add(batch);
    try {
      return await commit((bucket) => batch.acquired?.has(bucket) !== true);
    } finally {
      this.#underWay.delete(batch);
    }
  }

  /** These buckets are this node's from now on. */
  acquired(buckets: Iterable<number>): void {
    for (const batch of this.#underWay) {
      batch.acquired ??= new Set();
      for (const bucket of buckets) batch.acquired.add(bucket);
    }
  }

  expects(messageId: string): boolean {
    for (const batch of this.#underWay) {
      batch.known ??= new Set(batch.messageIds);
      if (batch.known.has(messageId)) return true;
    }
    return false;
  }
}
