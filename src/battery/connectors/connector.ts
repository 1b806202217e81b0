/**
 * The only code that talks to devices. The lifecycle, the journal and the webhooks above it are the
 * same for the sandbox and for every vendor. A connector is data (its name, its configuration fields)
 * and sessions: one device for the length of one action or one reading.
 *
 * Inside, power is in W with + = charge, shares are percent, times are UTC. Every method that waits
 * takes `Limits` and never retries by itself: whether a repeat is safe is decided above, from the
 * journal.
 */
import type { CommandName } from "../../core/action.ts";
import type { Capabilities } from "../../core/capabilities.ts";
import type { UnixMs } from "../../core/types.ts";
import type { FailureCode } from "../failures.ts";

/** One setting of a device's configuration, for forms, documents and the check of stored text. */
export interface ConfigField {
  name: string;
  type: "number" | "string";
  meaning: string;
  /** What holds when the field is missing; undefined: derived from the device's id. */
  fallback?: number | string;
  min?: number;
  max?: number;
  unit?: string;
}

export interface DeviceReference {
  deviceId: string;
  config: DeviceConfig;
}

/** Parsed `device.config`. */
export type DeviceConfig = Readonly<Record<string, number | string>>;

/** Real milliseconds of the injected monotonic clock, and a way to stop sooner. */
export interface Limits {
  deadlineAt: number;
  signal: AbortSignal;
}

/**
 * absolute: a resend leads to the same state (registers, setpoints). trigger: a resend acts twice
 * (toggles, "boost 30 min"). unknown: treated as trigger.
 */
export type RepeatClass = "absolute" | "trigger" | "unknown";

export interface Timeouts {
  /** Until a written command must be acknowledged. */
  dispatchMs: number;
  /** For finding out by reading whether it holds. */
  confirmMs: number;
  /** For reading, dispatching (again, where that is safe) and confirming together. */
  actionMs: number;
}

export interface Description {
  capabilities: Capabilities;
  repeatClass: RepeatClass;
  timeouts: Timeouts;
  /** metered: each reading costs or is rationed, so lists show what was read last. */
  reads: "free" | "metered";
}

export interface Snapshot {
  socPercent: number;
  /** W, + = charge. */
  powerW: number;
  mode: CommandName;
  setpoint: Setpoint;
  observedAt: UnixMs;
  /** A cached reading never confirms anything. */
  source: "live" | "cache";
  /** Undefined: the device does not say. */
  serial: string | undefined;
}

/** What a device was told and holds on to; absent limits are the device's own. */
export interface Setpoint {
  mode: CommandName;
  powerWMax?: number;
  targetPercent?: number;
  reservePercent?: number;
}

/** A command in canonical units. */
export type Order = Setpoint;

/** What `sandbox` of a push asks of a simulated device; never reaches another connector. */
export interface SandboxOrder {
  outcome: "completed" | "failed";
  errorCode: string;
  delayMs: number;
}

/** One write; the order of steps is the order on the wire, undo runs backwards. */
export interface PlanStep {
  name: string;
  /** What the step sets; a covered value that is missing is set back to the device's own. */
  covers: readonly (keyof Setpoint)[];
  value: Partial<Setpoint>;
  undo: Partial<Setpoint>;
}

export interface Plan {
  setpoint: Setpoint;
  steps: readonly PlanStep[];
}

export interface DispatchTicket {
  actionId: string;
  epoch: number;
  /** 1 for the first; a number is used once, whatever came of it. */
  dispatchNumber: number;
}

export type ReadOutcome =
  | { kind: "read"; snapshot: Snapshot }
  | { kind: "unreachable"; message: string }
  | { kind: "refused"; code: FailureCode; message: string };

/** `connectors.md` §2. After the first byte, every error is ambiguous. */
export type DispatchOutcome =
  | { kind: "accepted" }
  /** `code` is free text only where `sandbox` of the push named it. */
  | { kind: "rejected"; code: string; message: string }
  | { kind: "not_sent"; message: string }
  | { kind: "busy"; message: string; retryAfterMs?: number }
  | { kind: "ambiguous"; message: string }
  | { kind: "partial"; message: string };

export type Confirmation =
  | { kind: "applied"; message: string; snapshot: Snapshot }
  | { kind: "not_applied"; message: string }
  | { kind: "partial"; message: string }
  | { kind: "unknown"; message: string };

export type ReleaseOutcome = { kind: "released" } | { kind: "not_released"; message: string };

/** One device, for one action or one reading. */
export interface DeviceSession {
  /** Real time the far side may take on top of the connector's timeouts. */
  readonly patienceMs: number;
  read(limits: Limits): Promise<ReadOutcome>;
  /** Pure. */
  plan(order: Order, snapshot: Snapshot): Plan;
  /** Writes once. */
  dispatch(plan: Plan, ticket: DispatchTicket, limits: Limits): Promise<DispatchOutcome>;
  /** Reads until it knows, or until the deadline. */
  confirm(plan: Plan, limits: Limits): Promise<Confirmation>;
  /** Repeats an absolute setpoint for the device's watchdog. */
  refresh(plan: Plan, ticket: DispatchTicket, limits: Limits): Promise<DispatchOutcome>;
  /** Undoes the plan as far as it was applied and returns the device to its own mode; idempotent. */
  release(limits: Limits): Promise<ReleaseOutcome>;
}

export interface Connector {
  readonly name: string;
  readonly configFields: readonly ConfigField[];
  /** Pure. */
  describe(device: DeviceReference): Description;
  connect(device: DeviceReference, sandbox: SandboxOrder | null): DeviceSession;
}

export type Connectors = ReadonlyMap<string, Connector>;
