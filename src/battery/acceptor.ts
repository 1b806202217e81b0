/**
 * Accepts pushes: concurrent ones share one commit, each is answered after it, and what was accepted
 * is handed to the driver in memory or announced to the node that owns the device.
 */
import { asManyAgain, GroupCommit } from "../core/group-commit.ts";
import type { Clock } from "../core/types.ts";
import {
  type AcceptOutcome,
  insertActions,
  type NewAction,
} from "../storage/actions/insert-actions.ts";
import type { Action } from "../storage/actions/action.ts";
import type { Storage } from "../storage/storage.ts";

const BATCH_MAX = 500;
/** While few push. */
const FLUSHES_MAX = 2;
/** Pushes waiting for a commit; above this the database is behind and more are turned away. */
const WAITING_MAX = 10_000;
export const RETRY_AFTER_SECONDS = 1;

export type PushOutcome = AcceptOutcome | { kind: "overloaded" };

export class Acceptor {
  readonly #commits: GroupCommit<NewAction, AcceptOutcome>;

  constructor(storage: Storage, clock: Clock, onAccepted: (actions: Action[]) => void) {
    this.#commits = new GroupCommit({
      batchMax: BATCH_MAX,
      flushesMax: FLUSHES_MAX,
      // `actions`, without and with, four alternated runs each: 0.119 and 0.125 of the floor, 183 + 137 and 171 + 122
      // µs of Node's and PostgreSQL's CPU an action.
      spacing: asManyAgain(clock),
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
