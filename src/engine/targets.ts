/**
 * Endpoints as the engine sends to them, in memory, never older than what a delivery was committed
 * against: every delivery carries its endpoint's revision, and a change drops the entry at once.
 */
import { GroupCommit } from "../core/group-commit.ts";
import { loadTargets, type Target } from "../storage/endpoints/load-targets.ts";
import type { Storage } from "../storage/storage.ts";

const TARGETS_MAX = 20_000;

export interface TargetKey {
  applicationId: string;
  endpointId: string;
  revision: number;
}

export class Targets {
  readonly #cached = new Map<string, Target>();
  readonly #loads: GroupCommit<TargetKey, Target | null>;
  /** Grows with every change, so that a load that began before a change is not used. */
  #changes = 0;

  constructor(storage: Storage) {
    this.#loads = new GroupCommit({
      batchMax: 500,
      keyOf: ({ applicationId }) => applicationId,
      flushesMax: 2,
      flush: async (keys) => {
        const found = await this.#loadSettled(storage, keys);
        const byId = new Map(found.map((target) => [target.endpointId, target]));
        for (const target of found) this.#keep(target);
        return keys.map((key) => byId.get(key.endpointId) ?? null);
      },
    });
  }

  /** The target when it is in memory and new enough. */
  cached(key: TargetKey): Target | undefined {
    const target = this.#cached.get(key.endpointId);
    return target !== undefined && target.revision >= key.revision ? target : undefined;
  }

  /** Null: the endpoint does not exist any more. */
  load(key: TargetKey): Promise<Target | null> {
    return this.#loads.add(key);
  }

  /** The one in memory now, or `target` itself when there is none: health is kept there. */
  current(target: Target): Target {
    return this.#cached.get(target.endpointId) ?? target;
  }

  changed(endpointId: string): void {
    this.#changes += 1;
    this.#cached.delete(endpointId);
  }

  applicationChanged(applicationId: string): void {
    this.#changes += 1;
    for (const target of this.#cached.values()) {
      if (target.applicationId === applicationId) this.#cached.delete(target.endpointId);
    }
  }

  /** Loads again when something changed meanwhile: what was read may be from before the change. */
  async #loadSettled(storage: Storage, keys: TargetKey[]): Promise<Target[]> {
    for (;;) {
      const changes = this.#changes;
      const found = await loadTargets(storage, keys);
      if (changes === this.#changes) return found;
    }
  }

  #keep(target: Target): void {
    this.#cached.delete(target.endpointId);
    this.#cached.set(target.endpointId, target);
    if (this.#cached.size <= TARGETS_MAX) return;
    const [oldest] = this.#cached.keys();
    if (oldest !== undefined) this.#cached.delete(oldest);
  }
}
