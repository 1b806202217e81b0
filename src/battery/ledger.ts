/**
 * The two writes that make driving a device safe: the intent before anything is sent, and the end of
 * the action with its message. Both are batches; both wait out a database that is away, because an
 * effect on a device cannot be taken back.
 */
import { changeState } from "../core/action.ts";
import { GroupCommit } from "../core/group-commit.ts";
import type { IdSource } from "../core/ids.ts";
import type { Clock, Log, Trace } from "../core/types.ts";
import type { Committing, HandedOff } from "../engine/publisher.ts";
import type { Action } from "../storage/actions/action.ts";
import {
  type Settlement,
  settleActions,
  type SettleOutcome,
} from "../storage/actions/settle-actions.ts";
import { type Intent, journalIntents } from "../storage/journal/journal-intents.ts";
import { sqlState, type Storage } from "../storage/storage.ts";
import { type ActionEnd, pushEvent } from "./push-event.ts";

const BATCH_MAX = 500;
/** One at a time: batches grow instead. Two at a time were no faster (2,980 and 3,000 actions/s, medians of 5). */
const FLUSHES_MAX = 1;
/**
 * From the begin of a flush of many to the next, unless very many wait: a statement costs some 0.3 ms beside its
 * items. `actions`, medians of four alternated runs: 3,820 → 3,950/s, PostgreSQL 143 → 136 µs an action.
 */
const SPACING_MS = 20;
const SPACING_AFTER = 16;
const SPACING_ITEMS = 250;
const RETRY_MS_MAX = 2_000;

export interface LedgerOptions {
  storage: Storage;
  clock: Clock;
  log: Log;
  ids: IdSource;
  /** The engine's. */
  committing: Committing;
}

export interface Ending {
  action: Action;
  /** Of the ownership under which it was driven. */
  epoch: number;
  end: ActionEnd;
  journal: Settlement["journal"];
  observed: Settlement["observed"];
  /** Of driving it: the attempts of its event go below. */
  trace?: Trace | undefined;
}

interface Settling extends Settlement {
  trace: Trace | undefined;
}

/** broken: the database refuses this very settlement, whatever it comes with. */
type LedgerOutcome = SettleOutcome | { kind: "broken"; error: unknown };

export class Ledger {
  readonly #options: LedgerOptions;
  readonly #intents: GroupCommit<Intent, boolean>;
  readonly #settlements: GroupCommit<Settling, LedgerOutcome>;
  #stopped = false;

  constructor(options: LedgerOptions) {
    this.#options = options;
    const { storage, committing } = options;
    const sizes = {
      batchMax: BATCH_MAX,
      flushesMax: FLUSHES_MAX,
      spacing: {
        clock: options.clock,
        ms: SPACING_MS,
        items: () => SPACING_ITEMS,
        aloneMs: Infinity,
        after: SPACING_AFTER,
      },
    };
    this.#intents = new GroupCommit({
      ...sizes,
      flush: (intents) => journalIntents(storage, intents),
    });
    this.#settlements = new GroupCommit({
      ...sizes,
      flush: (settlements) => {
        const messageIds = settlements.map(({ messageId }) => messageId);
        return committing(messageIds, async (handOff) => {
          const outcomes = await this.#settleAll(settlements);
          const stored = storedRows(settlements, outcomes);
          if (stored.length > 0) handOff(stored, false);
          return outcomes;
        });
      },
    });
  }

  /** @returns false: the action ended or the device has another owner; nothing may be sent */
  intend(intent: Intent): Promise<boolean> {
    return this.#intents.add(intent);
  }

  /** @returns false: it had ended, or the device has another owner; nothing was changed or told */
  async settle({ action, epoch, end, journal, observed, trace }: Ending): Promise<boolean> {
    const change = changeState(action.state, end.state);
    if (!change.ok) throw new Error(`${action.actionId}: ${change.message}`);
    const settledAt = this.#options.clock.now();
    const outcome = await this.#settlements.add({
      environmentId: action.environmentId,
      actionId: action.actionId,
      deviceId: action.deviceId,
      bucket: action.bucket,
      epoch,
      state: change.state,
      resultMessage: end.state === "completed" ? end.message : null,
      errorCode: end.state === "failed" ? end.code : null,
      errorMessage: end.state === "failed" ? end.message : null,
      settledAt,
      journal,
      observed,
      messageId: this.#options.ids.make("msg_"),
      trace,
      ...pushEvent(action, end, settledAt),
    });
    if (outcome.kind === "broken") throw outcome.error;
    return outcome.kind === "settled";
  }

  /** From now on a failing database loses results instead of holding the process up. */
  stop(): void {
    this.#stopped = true;
  }

  async drained(): Promise<void> {
    await this.#intents.drained();
    await this.#settlements.drained();
  }

  /** Together; when one of them is broken, one by one, so that it holds nobody else up. */
  async #settleAll(settlements: Settlement[]): Promise<LedgerOutcome[]> {
    const { storage } = this.#options;
    try {
      return await this.#persist(() => settleActions(storage, settlements));
    } catch (error) {
      if (!isBroken(error)) throw error;
      if (settlements.length === 1) return [{ kind: "broken", error }];
    }
    const outcomes: LedgerOutcome[] = [];
    for (const settlement of settlements) outcomes.push(...(await this.#settleAll([settlement])));
    return outcomes;
  }

  async #persist<T>(work: () => Promise<T>): Promise<T> {
    const { clock, log } = this.#options;
    for (let delayMs = 50; ; delayMs = Math.min(delayMs * 2, RETRY_MS_MAX)) {
      try {
        return await work();
      } catch (error) {
        if (this.#stopped || isBroken(error)) throw error;
        log.warn({ err: error, delayMs }, "Actions could not be settled yet; trying again.");
        await new Promise<void>((resolve) => {
          clock.after(delayMs, resolve);
        });
      }
    }
  }
}

/** Classes 22 and 23: the data itself is refused, and would be every time. */
function isBroken(error: unknown): boolean {
  return /^2[23]/.test(sqlState(error) ?? "");
}

function storedRows(settlements: Settling[], outcomes: LedgerOutcome[]): HandedOff[] {
  const rows: HandedOff[] = [];
  for (const [
    index,
    { environmentId, messageId, eventType, payload, trace },
  ] of settlements.entries()) {
    const outcome = outcomes[index];
    if (outcome?.kind !== "settled") continue;
    const { applicationId, createdAt } = outcome;
    for (const { endpointId, bucket, revision } of outcome.owed) {
      rows.push({
        environmentId,
        applicationId,
        endpointId,
        messageId,
        bucket,
        revision,
        eventType,
        channels: null,
        payload,
        dueAt: createdAt,
        trace,
      });
    }
  }
  return rows;
}
