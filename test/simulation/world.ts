/**
 * Time and order. Whatever could happen next in the simulated system is an event here; the seed says
 * which of them does, and time stands still meanwhile: it moves on from timer to timer.
 */
import type { Clock } from "../../src/core/types.ts";
import type { Immediates } from "./immediates.ts";
import type { Random } from "./random.ts";
import { Trace } from "./trace.ts";

/** A Monday. */
export const START_MS = Date.UTC(2026, 0, 5);
/** No call waits longer for the database: a statement may take 30 s, and the engine counts on it. */
const CALL_MS_MAX = 20_000;

/** What an event happens to: nothing happens to the dead, and to the paused only what the outside does. */
export interface Party {
  readonly name: string;
  readonly dead: boolean;
  readonly paused: boolean;
}

export interface Event {
  party: Party | undefined;
  label: string;
  /** A call to the database, on its way: it arrives whatever becomes of who sent it. */
  call: boolean;
  madeAt: number;
  run: () => void | Promise<void>;
}

interface Timer {
  party: Party | undefined;
  label: string;
  dueAt: number;
  run: () => void | Promise<void>;
}

function isAble({ party, call }: { party: Party | undefined; call?: boolean }): boolean {
  if (party === undefined) return true;
  return !party.dead && (call === true || !party.paused);
}

export class World {
  readonly random: Random;
  readonly trace = new Trace();
  readonly #immediates: Immediates;
  #nowMs = START_MS;
  #steps = 0;
  #failure: Error | undefined;
  #events: Event[] = [];
  #timers: Timer[] = [];

  constructor(random: Random, immediates: Immediates) {
    this.random = random;
    this.#immediates = immediates;
  }

  get now(): number {
    return this.#nowMs;
  }

  get steps(): number {
    return this.#steps;
  }

  note(line: string): void {
    this.trace.note(`${String(this.#nowMs - START_MS).padStart(7)} ${line}`);
  }

  /** From now on this may happen. */
  offer(event: Pick<Event, "party" | "label" | "run"> & { call?: boolean }): void {
    if (event.party?.dead === true) return;
    this.#events.push({ call: false, madeAt: this.#nowMs, ...event });
  }

  after(delayMs: number, timer: Pick<Timer, "party" | "label" | "run">): () => void {
    const made = { ...timer, dueAt: this.#nowMs + Math.max(0, delayMs) };
    if (timer.party?.dead === true) return () => undefined;
    this.#timers.push(made);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== made);
    };
  }

  clockOf(party: Party): Clock {
    return {
      now: () => this.#nowMs,
      monotonic: () => this.#nowMs - START_MS,
      after: (delayMs, run) => this.after(delayMs, { party, label: `${party.name} timer`, run }),
    };
  }

  /** Takes the dead party's events away; of its calls on their way the seed says which still arrive. */
  bury(party: Party): void {
    this.#timers = this.#timers.filter((timer) => timer.party !== party);
    this.#events = this.#events.flatMap((event) => {
      if (event.party !== party) return [event];
      if (!event.call || this.random.chance(0.5)) return [];
      return [{ ...event, party: undefined, label: `${event.label} (sent before its death)` }];
    });
  }

  /** One of the things that can happen now happens. @returns false when there is none */
  async step(): Promise<boolean> {
    const able: (Event | Timer)[] = this.#events.filter(isAble);
    able.push(...this.#dueTimers());
    if (able.length === 0) return false;
    await this.#happen(this.random.pick(able));
    return true;
  }

  /** Lets what was just begun from outside go as far as it does by itself. */
  async settle(): Promise<void> {
    this.#steps += 1;
    await this.#immediates.settled();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Runs a check where what it throws would not be seen; the round fails with it. */
  watch<T>(check: () => T): T | undefined {
    try {
      return check();
    } catch (error) {
      this.#failure ??= error instanceof Error ? error : new Error(String(error));
      return undefined;
    }
  }

  /** Moves time on to the next timer. @returns false when there is none, or a call waits too long */
  advance(): boolean {
    let next = Infinity;
    for (const timer of this.#timers) if (isAble(timer)) next = Math.min(next, timer.dueAt);
    const waits = this.#events.some(
      (event) => event.call && isAble(event) && event.madeAt + CALL_MS_MAX < next,
    );
    if (waits || next === Infinity) return false;
    this.#nowMs = Math.max(this.#nowMs, Math.ceil(next));
    return true;
  }

  /** The whole machine slept. */
  sleep(durationMs: number): void {
    this.#nowMs += durationMs;
  }

  /** Of each party the earliest, as its event loop runs them in order; the outside's in any order. */
  #dueTimers(): Timer[] {
    const heads = new Map<Party, Timer>();
    const due: Timer[] = [];
    for (const timer of this.#timers) {
      if (timer.dueAt > this.#nowMs || !isAble(timer)) continue;
      if (timer.party === undefined) {
        due.push(timer);
        continue;
      }
      const head = heads.get(timer.party);
      if (head === undefined || timer.dueAt < head.dueAt) heads.set(timer.party, timer);
    }
    return [...due, ...heads.values()];
  }

  async #happen(what: Event | Timer): Promise<void> {
    if ("dueAt" in what) this.#timers.splice(this.#timers.indexOf(what), 1);
    else this.#events.splice(this.#events.indexOf(what), 1);
    this.note(what.label);
    await what.run();
    await this.settle();
  }
}
