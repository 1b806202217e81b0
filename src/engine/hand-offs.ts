/**
 * Messages that are being committed by this process. Their rows come by hand-off; a claim that sees
 * them first leaves them alone: it could have ended them before the hand-off brings them again.
 */
interface Batch {
  messageIds: readonly string[];
  /** Made when a claim asks: most batches are committed before one does, and an id in a set costs 0.8 µs. */
  known: ReadonlySet<string> | undefined;
}

export class HandOffs {
  readonly #underWay = new Set<Batch>();

  /** @param commit ends with the hand-off; after one that fails a later claim finds what was stored */
  async during<T>(messageIds: readonly string[], commit: () => Promise<T>): Promise<T> {
    const batch: Batch = { messageIds, known: undefined };
    this.#underWay.add(batch);
    try {
      return await commit();
    } finally {
      this.#underWay.delete(batch);
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
