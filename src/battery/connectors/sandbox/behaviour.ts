/** What a simulated battery does with one write: data, so that every fault is one line to read. */
import { FAILURES, isFailureCode } from "../../failures.ts";
import type {
  DispatchOutcome,
  DispatchTicket,
  Plan,
  SandboxOrder,
  Setpoint,
} from "../connector.ts";
import type { Fault } from "./faults.ts";

export interface Behaviour {
  /** What the battery holds afterwards; null: it did not take anything over. */
  takes: Setpoint | null;
  /** Its reply; silence: none ever comes. */
  reply: DispatchOutcome | "silence";
  /** Simulated time until the reply. */
  replyAfterMs: number;
  /** A second, equal reply follows; whoever counts replies counts wrong. */
  replyTwice?: boolean;
  /** It knows by itself that the write is not worked off before the reply. */
  busyUntilReply?: boolean;
  revertsAfterMs?: number;
}

export const DEFAULT_DELAY_MS = 2_000;
const REFUSAL_DELAY_MS = 200;

const ACCEPTED: DispatchOutcome = { kind: "accepted" };

function refuses(code: keyof typeof FAILURES): Behaviour {
  const reply: DispatchOutcome = { kind: "rejected", code, message: FAILURES[code] };
  return { takes: null, reply, replyAfterMs: REFUSAL_DELAY_MS };
}

/** What `sandbox` of the push asked for. */
function ordered(plan: Plan, order: SandboxOrder): Behaviour {
  if (order.outcome === "completed") {
    return {
      takes: plan.setpoint,
      reply: ACCEPTED,
      replyAfterMs: order.delayMs,
      busyUntilReply: true,
    };
  }
  const code = order.errorCode;
  const message = isFailureCode(code) ? FAILURES[code] : "The push asked for this failure.";
  return { takes: null, reply: { kind: "rejected", code, message }, replyAfterMs: order.delayMs };
}

export function behaviourOf(
  plan: Plan,
  fault: Fault,
  order: SandboxOrder | null,
  ticket: Pick<DispatchTicket, "dispatchNumber">,
): Behaviour {
  if (order !== null) return ordered(plan, order);
  const takes = plan.setpoint;
  const obeys: Behaviour = {
    takes,
    reply: ACCEPTED,
    replyAfterMs: DEFAULT_DELAY_MS,
    busyUntilReply: true,
  };
  switch (fault.name) {
    case "reject":
      return refuses("DEVICE_REJECTED");
    case "scheduler_active":
      return refuses("SCHEDULER_ACTIVE");
    case "auth_expired":
      return refuses("INVALID_CREDENTIALS");
    case "busy_then_ok": {
      if (ticket.dispatchNumber > fault.number) return obeys;
      const reply: DispatchOutcome = { kind: "busy", message: "The device is busy." };
      return { takes: null, reply, replyAfterMs: REFUSAL_DELAY_MS };
    }
    case "timeout_applied":
      return { takes, reply: "silence", replyAfterMs: 0 };
    case "timeout_not_applied":
      return { takes: null, reply: "silence", replyAfterMs: 0 };
    case "partial":
      return {
        takes: { ...plan.setpoint, mode: plan.steps.at(-1)?.undo.mode ?? "idle" },
        reply: { kind: "partial", message: "The device took over the limits, not the mode." },
        replyAfterMs: DEFAULT_DELAY_MS,
      };
    case "late_ack":
      return { takes, reply: ACCEPTED, replyAfterMs: fault.number * 1_000 };
    case "duplicate_ack":
      return { ...obeys, replyTwice: true };
    case "early_revert":
      return { ...obeys, revertsAfterMs: fault.number * 1_000 };
    default:
      return obeys;
  }
}
