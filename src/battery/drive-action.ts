/**
 * Drives one action to its end: at most one effect, whatever is lost on the way (`connectors.md` §3).
 *
 *   read ─► plan ─► intent (committed) ─► dispatch ─┬ rejected ──────────────► failed
 *     ▲                     ▲                       ├ not_sent, busy ─► wait, next number
 *     │                     │                       └ accepted, ambiguous, partial ─► confirm
 *     │                     └── not_applied, absolute, once ◄───────────────────────────┤
 *     └── restart: an intent without an outcome goes straight to confirm                ▼
 *                                                                         completed | failed
 */
import { hash } from "node:crypto";
import type { Clock, Log } from "../core/types.ts";
import type { Ownership } from "../engine/ownership.ts";
import type { Action } from "../storage/actions/action.ts";
import type { JournalEntry } from "../storage/actions/find-open-actions.ts";
import type {
  Confirmation,
  DeviceSession,
  DispatchOutcome,
  Limits,
  Plan,
  Snapshot,
} from "./connectors/connector.ts";
import type { KnownDevice } from "./device-catalogue.ts";
import { observedText } from "./device-state.ts";
import { FAILURES, type FailureCode } from "./failures.ts";
import type { Ending, Ledger } from "./ledger.ts";
import { orderOf, sandboxOrderOf } from "./order.ts";
import type { ActionEnd } from "./push-event.ts";
import { wait, within } from "./wait.ts";

/** An action that could not be started for this long is not started any more. */
export const START_GRACE_MS = 5 * 60_000;
const RETRY_MS_FIRST = 1_000;
const RETRY_MS_MAX = 8_000;
const DISPATCHES_MAX = 20;

export interface DriveTools {
  clock: Clock;
  log: Log;
  ledger: Pick<Ledger, "intend">;
  ownership: Pick<Ownership, "epochOf">;
}

export interface Job {
  action: Action;
  /** What a former run left in the journal. */
  journal: JournalEntry | null;
  known: KnownDevice;
  /** Ownership of the device's bucket under which this run may write. */
  epoch: number;
  signal: AbortSignal;
}

/** abandoned: nothing was decided; whoever owns the device finds the action and the journal again. */
export type DriveOutcome = { kind: "ended"; ending: Ending } | { kind: "abandoned" };

interface Run extends Job {
  tools: DriveTools;
  session: DeviceSession;
  limits: Limits;
  /** The last number used; 0: nothing was ever sent. */
  dispatchNumber: number;
  /** What came of it; null: not known. */
  outcome: string | null;
  resent: boolean;
  snapshot: Snapshot | null;
}

type Step = ActionEnd | "abandoned";

export async function driveAction(job: Job, tools: DriveTools): Promise<DriveOutcome> {
  const run = begin(job, tools);
  const step = await drive(run);
  if (step === "abandoned") return { kind: "abandoned" };
  const { dispatchNumber, outcome, snapshot, action, epoch } = run;
  const journal = dispatchNumber === 0 ? null : { dispatchNumber, outcome: outcome ?? "ambiguous" };
  const observed = snapshot === null ? null : observedText(snapshot, tools.clock.now());
  return { kind: "ended", ending: { action, epoch, end: step, journal, observed } };
}

function begin(job: Job, tools: DriveTools): Run {
  const { action, journal, known, signal } = job;
  const session = known.connector.connect(known.reference, sandboxOrderOf(action));
  const allowedMs = known.description.timeouts.actionMs + session.patienceMs;
  return {
    ...job,
    tools,
    session,
    limits: { deadlineAt: tools.clock.monotonic() + allowedMs, signal },
    dispatchNumber: journal?.dispatchNumber ?? 0,
    outcome: journal?.outcome ?? null,
    resent: false,
    snapshot: null,
  };
}

async function drive(run: Run): Promise<Step> {
  const { action, session, tools } = run;
  const waitedMs = tools.clock.now() - (action.acknowledgedAt ?? action.createdAt);
  if (run.dispatchNumber === 0 && waitedMs > START_GRACE_MS) return failure("EXPIRED");
  const snapshot = await readDevice(run);
  if (!("socPercent" in snapshot)) return snapshot.step;
  run.snapshot = snapshot;
  const enrolled = run.known.reference.config["serial"];
  if (enrolled !== undefined && snapshot.serial !== undefined && snapshot.serial !== enrolled) {
    return failure("DEVICE_IDENTITY_MISMATCH");
  }
  const plan = session.plan(orderOf(action), snapshot);
  if (maySent(run)) {
    const step = await confirmSent(run, plan);
    if (step !== "send_again") return step;
  }
  return send(run, plan);
}

/** Whether something may have reached the device under the last number. */
function maySent({ dispatchNumber, outcome }: Run): boolean {
  return dispatchNumber > 0 && outcome !== "not_sent" && outcome !== "busy";
}

/** Reads until the device answers or time is up. */
async function readDevice(run: Run): Promise<Snapshot | { step: Step }> {
  const { tools, session, limits } = run;
  for (let delayMs = RETRY_MS_FIRST; ; delayMs = Math.min(delayMs * 2, RETRY_MS_MAX)) {
    const reading = await session.read(limits);
    if (reading.kind === "read") return reading.snapshot;
    if (reading.kind === "refused") return { step: failure(reading.code, reading.message) };
    const end = await wait(tools.clock, delayMs, limits);
    if (end === "stopped") return { step: "abandoned" };
    if (end === "elapsed") continue;
    return { step: maySent(run) ? failure("OUTCOME_UNKNOWN") : failure("DEVICE_OFFLINE") };
  }
}

async function send(run: Run, plan: Plan): Promise<Step> {
  const { tools, limits } = run;
  for (let delayMs = RETRY_MS_FIRST; ; delayMs = Math.min(delayMs * 2, RETRY_MS_MAX)) {
    const dispatched = await dispatch(run, plan);
    if (dispatched === "abandoned") return "abandoned";
    switch (dispatched.kind) {
      case "rejected":
        return { state: "failed", code: dispatched.code, message: dispatched.message };
      case "not_sent":
      case "busy": {
        const asked = dispatched.kind === "busy" ? dispatched.retryAfterMs : undefined;
        const end = await wait(tools.clock, asked ?? delayMs, limits);
        if (end === "stopped") return "abandoned";
        if (end === "elapsed" && run.dispatchNumber < DISPATCHES_MAX) break;
        return failure(dispatched.kind === "busy" ? "DEVICE_BUSY" : "DEVICE_OFFLINE");
      }
      default: {
        const step = await confirmSent(run, plan);
        if (step !== "send_again") return step;
      }
    }
  }
}

/** One number: its intent is committed, ownership is looked at last, then the device is written once. */
async function dispatch(run: Run, plan: Plan): Promise<DispatchOutcome | "abandoned"> {
  const { action, epoch, tools, session, known } = run;
  const dispatchNumber = run.dispatchNumber + 1;
  const intended = await tools.ledger.intend({
    environmentId: action.environmentId,
    actionId: action.actionId,
    dispatchNumber,
    deviceId: action.deviceId,
    bucket: action.bucket,
    epoch,
    planHash: hash("sha256", JSON.stringify(plan), "hex"),
    outcomeBefore: run.outcome,
  });
  if (!intended || run.signal.aborted) return "abandoned";
  run.dispatchNumber = dispatchNumber;
  run.outcome = null;
  if (tools.ownership.epochOf(action.bucket) !== epoch) return "abandoned";
  const allowedMs = known.description.timeouts.dispatchMs + session.patienceMs;
  const limits = within(tools.clock, run.limits, allowedMs);
  const ticket = { actionId: action.actionId, epoch, dispatchNumber };
  const outcome = await session
    .dispatch(plan, ticket, limits)
    .catch((error: unknown): DispatchOutcome => {
      tools.log.error({ err: error, actionId: action.actionId }, "A dispatch broke off.");
      return { kind: "ambiguous", message: FAILURES.OUTCOME_UNKNOWN };
    });
  // A refusal stands, whatever was called off; everything else is found out by the next owner.
  if (run.signal.aborted && outcome.kind !== "rejected") return "abandoned";
  run.outcome = outcome.kind;
  return outcome;
}

/** Something may have arrived: reading decides. */
async function confirmSent(run: Run, plan: Plan): Promise<Step | "send_again"> {
  const { tools, session, known, outcome } = run;
  const { timeouts, repeatClass } = known.description;
  const limits = within(tools.clock, run.limits, timeouts.confirmMs + session.patienceMs);
  const confirmation = await session.confirm(plan, limits);
  if (run.signal.aborted && confirmation.kind !== "applied") return "abandoned";
  switch (confirmation.kind) {
    case "applied":
      run.snapshot = confirmation.snapshot;
      return { state: "completed", message: confirmation.message };
    case "not_applied": {
      const explicit = outcome === "accepted";
      const timeLeft = tools.clock.monotonic() < run.limits.deadlineAt;
      if (repeatClass !== "absolute" && !explicit) return undo(run, "OUTCOME_UNKNOWN");
      if (explicit || run.resent || !timeLeft || run.dispatchNumber >= DISPATCHES_MAX) {
        return failure("NOT_APPLIED", confirmation.message);
      }
      run.resent = true;
      run.outcome ??= "ambiguous";
      return "send_again";
    }
    case "partial":
      return undo(run, "PARTIALLY_APPLIED");
    default:
      return afterUnknown(confirmation);
  }
}

function afterUnknown(confirmation: Extract<Confirmation, { kind: "unknown" }>): Step {
  return failure("OUTCOME_UNKNOWN", `${FAILURES.OUTCOME_UNKNOWN} ${confirmation.message}`);
}

/** Leaves the device in its own mode, and says whether that worked. */
async function undo(run: Run, code: FailureCode): Promise<Step> {
  const { tools, session, action, epoch, known } = run;
  if (tools.ownership.epochOf(action.bucket) !== epoch) return "abandoned";
  const limits = within(tools.clock, run.limits, known.description.timeouts.confirmMs);
  const released = await session.release(limits);
  const what = released.kind === "released" ? "was returned to" : "could not be returned to";
  return failure(code, `${FAILURES[code]} It ${what} its own mode.`);
}

function failure(code: FailureCode, message: string = FAILURES[code]): ActionEnd {
  return { state: "failed", code, message };
}
