/** Counts and logs what came of each attempt, by closed sets: never by endpoint, tenant or URL. */
import type { Metrics } from "../core/metrics.ts";
import type { Log } from "../core/types.ts";
import type { Attempted } from "../engine/attempt.ts";
import type { EngineObserver } from "../engine/observer.ts";

const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createAttemptWatch(metrics: Metrics, log: Log): EngineObserver {
  const seconds = metrics.histogram({
    name: "amps_attempt_duration_seconds",
    help: "Duration of attempts, from address to the end of the answer.",
    labels: ["outcome"],
    bounds: BOUNDS,
  });
  const errors = metrics.counter({
    name: "amps_attempt_errors_total",
    help: "Failed attempts by error code; docs/delivery.md explains the codes.",
    labels: ["code"],
  });
  const statuses = metrics.counter({
    name: "amps_attempt_responses_total",
    help: "Answers of receivers by class of status.",
    labels: ["class"],
  });
  const disabled = metrics.counter({
    name: "amps_endpoints_disabled_total",
    help: "Attempts whose outcome disables their endpoint.",
  });
  disabled.of();

  return {
    recorded({ decision, record }) {
      seconds.of(decision.succeeded ? "delivered" : "failed").observe(record.durationMs / 1000);
      if (record.errorCode !== null) errors.of(record.errorCode).add();
      const { responseStatus: status } = record;
      if (status > 0) statuses.of(`${Math.floor(status / 100)}xx`).add();
      if (decision.disable !== null) disabled.of().add();
      tell(log, { decision, record });
    },
  };
}

/** What ends a chain without delivery is for people to see; the rest is for those who look for it. */
function tell(log: Log, { decision, record }: Pick<Attempted, "decision" | "record">): void {
  const { applicationId, endpointId, messageId, attemptId, trigger, durationMs } = record;
  const fields = {
    applicationId,
    endpointId,
    messageId,
    attemptId,
    trigger: trigger === 0 ? "scheduled" : "manual",
    status: record.responseStatus,
    code: record.errorCode,
    ms: durationMs,
    retryDelayMs: decision.retryDelayMs,
  };
  if (decision.succeeded) log.debug(fields, "Delivered.");
  else if (decision.retryDelayMs !== null) log.debug(fields, "An attempt failed; it is repeated.");
  else log.info(fields, "A delivery is exhausted; resend it when the receiver is well.");
}
