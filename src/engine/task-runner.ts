/**
 * Does the background tasks of the buckets this node owns, one small commit at a time, in turn. A
 * task belongs to the bucket of its endpoint, so its deliveries are picked up where they are made, and
 * a dead node's tasks go on with its buckets' next owner, from the last commit.
 *
 * Every round is followed by as long a rest, and replays are held back: while an endpoint has as many
 * due deliveries as `WAITING_MAX`, its tasks make no more. So ten million events never fill the hot
 * table, and live events wait behind few of them.
 */
import { BUCKET_COUNT } from "../core/bucket.ts";
import type { IdSource } from "../core/ids.ts";
import type { Clock, Log } from "../core/types.ts";
import type { OwnedBucket } from "../storage/nodes/leases.ts";
import { publishTaskEvent } from "../storage/operational/publish-task-event.ts";
import type { Storage } from "../storage/storage.ts";
import { endTask } from "../storage/tasks/end-task.ts";
import { findRunningTasks, type RunningTask } from "../storage/tasks/find-running-tasks.ts";
import { takeStep } from "../storage/tasks/take-step.ts";
import type { Task } from "../storage/tasks/task.ts";
import { EarlierWrites } from "./earlier-writes.ts";
import type { Ownership } from "./ownership.ts";

/** How soon a task that another node wrote down is seen. */
const LOOK_MS = 1_000;
/** How soon a task that was held back is looked at again. */
const HELD_BACK_MS = 200;
/** Due deliveries of one endpoint above which its tasks wait. */
export const WAITING_MAX = 1_000;

export interface TaskRunnerOptions {
  storage: Storage;
  clock: Clock;
  log: Log;
  ids: IdSource;
  ownership: Ownership;
  /** Deliveries of this endpoint were committed. */
  onRequeued: (task: { bucket: number; endpointId: string }) => void;
  /** A round over the running tasks has ended. */
  onRound: () => void;
}

/** `moved`: there may be more to do at once. */
type Progress = "moved" | "held_back" | "ended";

export class TaskRunner {
  readonly #options: TaskRunnerOptions;
  readonly #earlierWrites: EarlierWrites;
  #cancel: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #stopped = true;

  constructor(options: TaskRunnerOptions) {
    this.#options = options;
    this.#earlierWrites = new EarlierWrites(options.storage, options.clock);
  }

  start(): void {
    this.#stopped = false;
    this.#schedule(LOOK_MS);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#running;
  }

  /** Looks for running tasks now. */
  look(): void {
    if (this.#stopped) return;
    this.#again = this.#running !== undefined;
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    const delayMs = await this.#roundInTime();
    this.#running = undefined;
    this.#schedule(this.#again ? 0 : delayMs);
    this.#options.onRound();
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    this.#cancel?.();
    this.#cancel = this.#options.clock.after(delayMs, () => this.look());
  }

  /** @returns when to look again. A round is followed by as long a rest: deliveries come first. */
  async #roundInTime(): Promise<number> {
    const { clock, log } = this.#options;
    const startedAt = clock.monotonic();
    try {
      const progress = await this.#round();
      if (progress.includes("moved")) return Math.min(clock.monotonic() - startedAt, LOOK_MS);
      return progress.includes("held_back") ? HELD_BACK_MS : LOOK_MS;
    } catch (error) {
      log.warn({ err: error }, "Background tasks could not go on; trying again in a second.");
      return LOOK_MS;
    }
  }

  async #round(): Promise<Progress[]> {
    const owned = this.#owned();
    if (owned.length === 0) return [];
    const tasks = await findRunningTasks(this.#options.storage, owned, WAITING_MAX);
    this.#earlierWrites.keep(new Set(tasks.map(({ taskId }) => taskId)));
    const progress: Progress[] = [];
    for (const task of tasks) {
      if (this.#stopped) break;
      progress.push(await this.#step(task));
    }
    return progress;
  }

  #owned(): OwnedBucket[] {
    const owned: OwnedBucket[] = [];
    for (let bucket = 0; bucket < BUCKET_COUNT; bucket += 1) {
      const epoch = this.#options.ownership.epochOf(bucket);
      if (epoch !== undefined) owned.push({ bucket, epoch });
    }
    return owned;
  }

  async #step(task: RunningTask): Promise<Progress> {
    const { storage, log, onRequeued } = this.#options;
    const { taskId, kind, endpoint, endpointId, bucket } = task;
    if (endpoint !== undefined && !endpoint.sendable) {
      const failure = "The endpoint was disabled or deleted; enable it and start a new task.";
      const ended = await endTask(storage, task, { status: "failed", failure });
      if (ended !== undefined) await this.#tell(ended);
      log.warn({ taskId, kind, endpointId }, "A background task failed: its endpoint is closed.");
      return "ended";
    }
    if (endpoint !== undefined && endpoint.waiting >= WAITING_MAX) return "held_back";
    if (!(await this.#earlierWrites.haveEnded(task))) return "held_back";
    const outcome = await takeStep(storage, task);
    if (outcome === undefined) return "ended";
    if (outcome.changed > 0 && endpointId !== null) onRequeued({ bucket, endpointId });
    if (!outcome.finished) return "moved";
    log.info({ taskId, kind }, "A background task has finished.");
    await this.#tell({ ...task, status: "finished", changed: task.changed + outcome.changed });
    return "ended";
  }

  /** The operational event of a task that has ended. */
  async #tell({ environmentId, taskId, kind, status, ...task }: Task): Promise<void> {
    const { applicationId: appId, endpointId, changed } = task;
    const where = endpointId === null ? { appId } : { appId, endpointId };
    const counted =
      kind === "application.purge_content"
        ? { messagesExpunged: changed }
        : { messagesSent: changed };
    const data = { taskId, task: kind, status, data: { ...where, ...counted } };
    const payload = Buffer.from(JSON.stringify({ type: "background_task.finished", data }));
    const eventId = this.#options.ids.make("msg_");
    await publishTaskEvent(this.#options.storage, { environmentId, eventId, payload });
  }
}
