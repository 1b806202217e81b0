/**
 * Messages that are being committed by this process. Their rows come by hand-off; a claim that sees
 * them first leaves them alone: it could have ended them before the hand-off brings them again.
 */
export class HandOffs {
  readonly #expected = new Set<string>();

  /** @param commit ends with the hand-off; after one that fails a later claim finds what was stored */
  async during<T>(messageIds: readonly string[], commit: () => Promise<T>): Promise<T> {
    for (const messageId of messageIds) this.#expected.add(messageId);
    try {
      return await commit();
    } finally {
      for (const messageId of messageIds) this.#expected.delete(messageId);
    }
  }

  expects(messageId: string): boolean {
    return this.#expected.has(messageId);
  }
}
