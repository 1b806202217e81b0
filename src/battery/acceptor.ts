/**
 * Accepts pushes: concurrent ones share one commit, each is answered after it, and what was accepted
 * is handed to the driver in memory or announced to the node that owns the device.
 */
import { GroupCommit } from "../core/group-commit.ts";
import {
  type AcceptOutcome,
  insertActions,
  type NewAction,
} from "../storage/actions/insert-actions.ts";
import type { Action } from "../storage/actions/action.ts";
import type { Storage } from "../storage/storage.ts";

const BATCH_MAX = 500;
/**
 * Callers wait for this commit, so it does not wait for the one before: 3,000 instead of 2,700 actions/s with
 * 64 callers (medians of 9 alternated runs of `bench -- actions`). Three at a time: the same.
 */
const FLUSHES_MAX = 2;
/** Pushes waiting for a commit; above this the database is behind and more are turned away. */
const WAITING_MAX = 10_000;
export const RETRY_AFTER_SECONDS = 1;

export type PushOutcome = AcceptOutcome | { kind: "overloaded" };

export class Acceptor {
  readonly #commits: GroupCommit<NewAction, AcceptOutcome>;

  constructor(storage: Storage, onAccepted: (actions: Action[]) => void) {
    this.#commits = new GroupCommit({
      batchMax: BATCH_MAX,
      flushesMax: FLUSHES_MAX,
      flush: async (pushes) => {
        const outcomes = await insertActions(storage, pushes);
        const actions = outcomes.flatMap((outcome) =>
          outcome.kind === "accepted" ? [outcome.action] : [],
        );
        if (actions.length > 0) onAccepted(actions);
        return outcomes;
      },
    });
  }

  /** Durable once it resolves with `accepted`. */
  async accept(push: NewAction): Promise<PushOutcome> {
    if (this.#commits.size >= WAITING_MAX) return { kind: "overloaded" };
    return this.#commits.add(push);
  }

  drained(): Promise<void> {
    return this.#commits.drained();
  }
}
