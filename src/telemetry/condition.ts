/** How the node is: the parts that `GET /api/v1/health` names, and what is too short for new work. */
import type { EngineHealth } from "../engine/engine.ts";
import { UNRECORDED_MAX } from "../engine/dispatcher.ts";
import type { PoolState } from "../storage/storage.ts";
import type { DiskWatch, MemoryWatch } from "./resources.ts";
import type { StatementWatch } from "./statement-watch.ts";

/** Every owned bucket is swept each second; so long without one means that nothing is found any more. */
const SWEEP_MS_MAX = 15_000;
/** Results and endings are repeated until they are stored; so long means that they cannot be. */
const STORE_MS_MAX = 15_000;
/** A commit takes milliseconds; behind one that takes so long others would only pile up. */
const COMMIT_MS_MAX = 5_000;
const POOL_WAITING_MAX = 256;

interface Part {
  status: "ok" | "warning" | "error";
  detail?: string;
}
interface Shortage {
  part: string;
  detail: string;
  everything?: boolean;
}

export interface ConditionParts {
  watch: StatementWatch;
  memory: MemoryWatch;
  /** Undefined: the database is not ours to look after. */
  disk: DiskWatch | undefined;
  roles: ReadonlySet<string>;
  leaseIsValid: () => boolean;
  owned: () => Readonly<{ delivery: number; device: number }>;
  engine: () => EngineHealth;
  /** Of the API. */
  pool: () => PoolState;
}

const OK: Part = { status: "ok" };
const error = (detail: string): Part => ({ status: "error", detail });

export class Condition {
  readonly #parts: ConditionParts;

  constructor(parts: ConditionParts) {
    this.#parts = parts;
  }

  /** Answers at once, from what is known. */
  health(): Record<string, Part> {
    const { roles, disk, memory } = this.#parts;
    return {
      node: this.#nodeHealth(),
      ...(roles.has("engine") && { engine: this.#engineHealth() }),
      ...(roles.has("battery") && { batteries: this.#batteryHealth() }),
      memory: memory.short
        ? error("Memory is nearly used up; new work waits. Give the process more, or add a node.")
        : OK,
      ...(disk !== undefined && {
        disk: disk.short
          ? error(`The disk of ${disk.folder} is nearly full; make room, and work is taken again.`)
          : OK,
      }),
    };
  }

  /** Why new work is turned away; undefined: it is not. Asked for every request. */
  pressure(): Shortage | undefined {
    const { memory, disk, watch, pool } = this.#parts;
    if (memory.short) {
      return { part: "memory", detail: "The node's memory is nearly used up.", everything: true };
    }
    if (pool().waiting >= POOL_WAITING_MAX) {
      return { part: "pool", detail: "Too many requests wait for the database.", everything: true };
    }
    const hangingMs = Math.max(watch.hangingMs("publish"), watch.hangingMs("push"));
    if (hangingMs > COMMIT_MS_MAX) return { part: "commits", detail: "The database is behind." };
    if (disk?.short === true) return { part: "disk", detail: "The disk is nearly full." };
    return undefined;
  }

  #nodeHealth(): Part {
    if (this.#parts.leaseIsValid()) return OK;
    return error(
      "This node's lease is not valid; it is trying to join again. If that lasts, look at the " +
        "database and at this machine's load.",
    );
  }

  #engineHealth(): Part {
    const { watch, engine, owned, leaseIsValid } = this.#parts;
    const { unrecorded } = engine();
    if (unrecorded >= UNRECORDED_MAX) {
      return error(
        `${unrecorded} results wait to be stored; no attempt starts until the database takes them.`,
      );
    }
    if (unrecorded > 0 && watch.failingMs("record") > STORE_MS_MAX) {
      return error("Results cannot be stored; look at the database, they are kept and repeated.");
    }
    const swept = watch.sinceSuccessMs("sweep") ?? 0;
    if (leaseIsValid() && owned().delivery > 0 && swept > SWEEP_MS_MAX) {
      return error("Due deliveries are not found any more; look at the database's load.");
    }
    return OK;
  }

  #batteryHealth(): Part {
    const { watch, owned, leaseIsValid } = this.#parts;
    if (watch.failingMs("settle") > STORE_MS_MAX || watch.failingMs("intend") > STORE_MS_MAX) {
      return error("Actions cannot be stored; look at the database, they are kept and repeated.");
    }
    const swept = watch.sinceSuccessMs("sweep_actions") ?? 0;
    if (leaseIsValid() && owned().device > 0 && swept > SWEEP_MS_MAX) {
      return error("Open actions are not found any more; look at the database's load.");
    }
    return OK;
  }
}
