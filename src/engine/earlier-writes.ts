/**
 * Holds a replay of what was never sent until everything that was being published when it was first looked at has
 * been committed. Who publishes while an endpoint is being enabled may have read it as disabled and commit later:
 * a walk that has passed by then would never see that message, and nobody would be owed it.
 */
import type { Clock } from "../core/types.ts";
import { readOpenWrites } from "../storage/tasks/read-open-writes.ts";
import type { Storage } from "../storage/storage.ts";
import type { Task } from "../storage/tasks/task.ts";

/** No statement lives longer, by half as much again (`storage.ts`): a writer that does is not one of ours. */
const WRITES_MS_MAX = 30_000;

export class EarlierWrites {
  readonly #storage: Storage;
  readonly #clock: Clock;
  /** Tasks, with the transaction that must have ended; null: it has. */
  readonly #until = new Map<string, bigint | null>();

  constructor(storage: Storage, clock: Clock) {
    this.#storage = storage;
    this.#clock = clock;
  }

  /** Whether the task may walk. */
  async haveEnded({ taskId, kind, createdAt }: Task): Promise<boolean> {
    if (kind !== "endpoint.replay" || this.#until.get(taskId) === null) return true;
    if (this.#clock.now() - createdAt > WRITES_MS_MAX) return true;
    const { oldest, next } = await readOpenWrites(this.#storage);
    const until = this.#until.get(taskId) ?? next;
    this.#until.set(taskId, oldest >= until ? null : until);
    return oldest >= until;
  }

  /** Only these run still. */
  keep(taskIds: ReadonlySet<string>): void {
    for (const taskId of this.#until.keys()) {
      if (!taskIds.has(taskId)) this.#until.delete(taskId);
    }
  }
}
