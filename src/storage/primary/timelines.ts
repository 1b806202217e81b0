/**
 * The highest timeline seen of each database cluster. Every promotion starts a higher one, so an old
 * primary that comes back writable gives itself away. Kept in a file as well, because its own tables
 * cannot know of a promotion that happened without it; a restarted node would trust it again.
 */
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Log } from "../../core/types.ts";
import { replaceFile } from "../durable-files.ts";

export interface Timelines {
  /** 0 for a cluster never seen. */
  highest(systemId: string): number;
  raise(systemId: string, timeline: number): void;
  /** Where it is kept, for people; undefined when only in memory. */
  readonly file: string | undefined;
}

export class RememberedTimelines implements Timelines {
  readonly file: string | undefined;
  readonly #log: Log | undefined;
  #highest: Map<string, number>;

  /** Without `keep`, what was seen is forgotten with the process. */
  constructor(keep?: { dataDir: string; log: Log }) {
    this.file = keep === undefined ? undefined : path.join(keep.dataDir, "database-timelines.json");
    this.#log = keep?.log;
    this.#highest = this.#read();
  }

  highest(systemId: string): number {
    return this.#highest.get(systemId) ?? 0;
  }

  raise(systemId: string, timeline: number): void {
    if (timeline <= this.highest(systemId)) return;
    this.#highest.set(systemId, timeline);
    if (this.file === undefined) return;
    // Another process of this machine may have seen more.
    for (const [id, seen] of this.#read()) {
      this.#highest.set(id, Math.max(seen, this.highest(id)));
    }
    try {
      mkdirSync(path.dirname(this.file), { recursive: true });
      replaceFile(this.file, `${JSON.stringify(Object.fromEntries(this.#highest))}\n`);
    } catch (error) {
      this.#log?.warn(
        { err: error },
        `The database's timeline cannot be kept in ${this.file}: after a restart this node cannot ` +
          "tell an older primary from the present one. Set AMPS_DATA_DIR to a folder it may write.",
      );
    }
  }

  #read(): Map<string, number> {
    if (this.file === undefined) return new Map();
    try {
      const read: unknown = JSON.parse(readFileSync(this.file, "utf8"));
      const entries = Object.entries(typeof read === "object" && read !== null ? read : {});
      return new Map(
        entries.flatMap(([id, seen]) => (Number.isInteger(seen) ? [[id, Number(seen)]] : [])),
      );
    } catch {
      // None yet, or unreadable: nothing is known.
      return new Map();
    }
  }
}
