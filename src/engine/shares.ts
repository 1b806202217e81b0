/** What is used of this node, what is left, and for whom. */
import { endpointRoom, environmentRoom } from "../core/share.ts";
import { Application, Environment, Usage } from "./application.ts";
import type { Lane } from "./lane.ts";

/** Attempts under way at once, over all endpoints. */
export const SLOTS = 4_096;
/** Deliveries in memory, payload bytes in memory: past either, rows wait in the database. */
export const ROWS_MAX = 20_000;
export const BYTES_MAX = 32 * 1024 * 1024;

export class Shares {
  readonly total = new Usage();
  readonly #environments = new Map<string, Environment<Lane>>();
  readonly #applications = new Map<string, Application<Lane>>();
  /** Of lanes that have not had a delivery yet. */
  readonly #nobody = new Application<Lane>("", new Environment());

  get applications(): Iterable<Application<Lane>> {
    return this.#applications.values();
  }

  /** The application a lane belongs to, from its first delivery on. */
  join(lane: Lane, of: { environmentId: string; applicationId: string }): Application<Lane> {
    const { environmentId, applicationId } = of;
    let environment = this.#environments.get(environmentId);
    if (environment === undefined) {
      environment = new Environment();
      this.#environments.set(environmentId, environment);
    }
    let application = this.#applications.get(applicationId);
    if (application === undefined) {
      application = new Application(applicationId, environment);
      this.#applications.set(applicationId, application);
    }
    application.lanes += 1;
    lane.application = application;
    return application;
  }

  /** The lane is forgotten. */
  leave(lane: Lane): void {
    const { application } = lane;
    if (application === undefined) return;
    application.lanes -= 1;
    if (application.lanes === 0) this.#applications.delete(application.applicationId);
  }

  /** Slots that an environment may take now. */
  slotsOf(environment: Environment<Lane>): number {
    return environmentRoom(SLOTS, this.total.slots, environment.usage.slots);
  }

  /** Rows that a lane may take into memory now; 0 as well when bytes are what it lacks. */
  rowsFor(lane: Lane): number {
    const { environment, usage } = lane.application ?? this.#nobody;
    const room = environmentRoom(ROWS_MAX, this.total.takenRows, environment.usage.takenRows);
    const rows = endpointRoom(room, usage.takenRows, lane.queued);
    return Math.min(rows, this.claimedFor(lane));
  }

  /** As `rowsFor`, of rows for which a claim has reserved room: only what happened meanwhile counts. */
  claimedFor(lane: Lane): number {
    return this.bytesFor(lane) <= 0 ? 0 : lane.pace.rowsMax - lane.queued;
  }

  /** Bytes that a lane may take into memory now; its first payload may be larger. */
  bytesFor(lane: Lane): number {
    const { environment, usage } = lane.application ?? this.#nobody;
    const room = environmentRoom(BYTES_MAX, this.total.bytes, environment.usage.bytes);
    return endpointRoom(room, usage.bytes, lane.queuedBytes);
  }

  /** Rows that a claim is to bring: nobody else takes their room meanwhile. @returns gives it back */
  reserveRows(lane: Lane, rows: number): () => void {
    const { environment, usage } = lane.application ?? this.#nobody;
    const usages = [this.total, environment.usage, usage];
    for (const one of usages) one.reservedRows += rows;
    return () => {
      for (const one of usages) one.reservedRows -= rows;
    };
  }

  /** Bytes that are being read for a lane; given back, negative, when they arrive. */
  reserve(lane: Lane, of: { environmentId: string; applicationId: string }, bytes: number): void {
    this.count(lane.application ?? this.join(lane, of), 0, bytes);
    lane.queuedBytes += bytes;
  }

  /** Rows and bytes of this application's lanes came into memory, or left it. */
  count(application: Application<Lane>, rows: number, bytes: number): void {
    this.total.add(rows, bytes);
    application.environment.usage.add(rows, bytes);
    application.usage.add(rows, bytes);
  }

  /** Attempts of this application started, or ended. */
  countSlots(application: Application<Lane>, slots: number): void {
    this.total.slots += slots;
    application.environment.usage.slots += slots;
    application.usage.slots += slots;
  }
}
