/**
 * What the database statements tell about the node: how long the ones that matter take, whether one
 * hangs, and when each last came through.
 */
import type { Histogram, Metrics } from "../core/metrics.ts";
import type { Clock } from "../core/types.ts";
import type { StatementObserver } from "../storage/observed-storage.ts";

/** The statements that are a step of every event's life; all others are timed together. */
export const OPERATIONS: Readonly<Record<string, string>> = {
  "insert-messages": "publish",
  "insert-actions": "push",
  "journal-intents": "intend",
  "settle-actions": "settle",
  "claim-due-deliveries": "claim",
  "find-waiting-lanes": "sweep",
  "find-open-actions": "sweep_actions",
  "load-targets": "load_endpoints",
  "record-attempts": "record",
  "renew-node": "renew",
};
/** What is repeated until it succeeds is tried at least this often. */
const TRIES_MS_MAX = 10_000;
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

class Operation {
  readonly seconds: Histogram;
  /** Monotonic ms at which each statement under way began, oldest first. */
  readonly underWay = new Set<{ at: number }>();
  succeededAt: number | undefined;
  /** When the first try since the last success began. */
  troubledAt: number | undefined;
  failedAt = -Infinity;

  constructor(seconds: Histogram) {
    this.seconds = seconds;
  }
}

export class StatementWatch implements StatementObserver {
  readonly #clock: Clock;
  readonly #operations = new Map<string, Operation>();
  readonly #failures: (operation: string) => void;
  readonly #timed: (operation: string) => Histogram;

  constructor(metrics: Metrics, clock: Clock) {
    this.#clock = clock;
    const seconds = metrics.histogram({
      name: "amps_database_seconds",
      help: "Time of database statements, the wait for a connection included.",
      labels: ["operation"],
      bounds: BOUNDS,
    });
    const failures = metrics.counter({
      name: "amps_database_failures_total",
      help: "Database statements that failed, whatever was tried next.",
      labels: ["operation"],
    });
    this.#timed = (operation) => seconds.of(operation);
    this.#failures = (operation) => failures.of(operation).add();
  }

  begun(statementName: string): (succeeded: boolean) => void {
    const name = OPERATIONS[statementName] ?? "other";
    const operation = this.#operation(name);
    const begun = { at: this.#clock.monotonic() };
    operation.underWay.add(begun);
    operation.troubledAt ??= begun.at;
    return (succeeded) => {
      operation.underWay.delete(begun);
      const at = this.#clock.monotonic();
      operation.seconds.observe((at - begun.at) / 1000);
      if (!succeeded) {
        operation.failedAt = at;
        this.#failures(name);
        return;
      }
      operation.succeededAt = at;
      const [oldest] = operation.underWay;
      operation.troubledAt = oldest?.at;
    };
  }

  /** How long the oldest statement under way has been waited for; 0 without one. */
  hangingMs(name: string): number {
    const [oldest] = this.#operation(name).underWay;
    return oldest === undefined ? 0 : this.#clock.monotonic() - oldest.at;
  }

  /** For how long it has been tried without success; 0 when the last one succeeded, or nobody tries. */
  failingMs(name: string): number {
    const { troubledAt, failedAt, underWay } = this.#operation(name);
    const now = this.#clock.monotonic();
    const isTried = underWay.size > 0 || now - failedAt < TRIES_MS_MAX;
    return troubledAt === undefined || !isTried ? 0 : now - troubledAt;
  }

  /** How long ago one last succeeded; undefined: never. */
  sinceSuccessMs(name: string): number | undefined {
    const { succeededAt } = this.#operation(name);
    return succeededAt === undefined ? undefined : this.#clock.monotonic() - succeededAt;
  }

  #operation(name: string): Operation {
    let operation = this.#operations.get(name);
    if (operation === undefined) {
      operation = new Operation(this.#timed(name));
      this.#operations.set(name, operation);
    }
    return operation;
  }
}
