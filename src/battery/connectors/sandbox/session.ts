/**
 * One simulated battery, spoken to as if over a wire: a write is durable on the far side first, its
 * reply comes later or never, and after a lost reply only reading tells what happened.
 */
import type { Clock } from "../../../core/types.ts";
import type { SandboxBattery } from "../../../storage/sandbox/load-sandbox-batteries.ts";
import { FAILURES } from "../../failures.ts";
import { wait, type WaitEnd, within } from "../../wait.ts";
import type {
  Confirmation,
  DeviceSession,
  DispatchOutcome,
  DispatchTicket,
  Limits,
  Order,
  Plan,
  ReadOutcome,
  ReleaseOutcome,
  SandboxOrder,
  Snapshot,
} from "../connector.ts";
import { judgePlan } from "../judge-plan.ts";
import { type Behaviour, behaviourOf } from "./behaviour.ts";
import {
  firstMemory,
  type Memory,
  OWN_MODE,
  parseMemory,
  setpointAt,
  shownAt,
  written,
} from "./far-side.ts";
import type { FarSideStore } from "./far-side-store.ts";
import type { SandboxProfile } from "./profile.ts";

/** Simulated time; what a client of a real device would wait for one reply. */
const REPLY_MS_MAX = 2_000;
/** A late reply is waited for longer: the far side said that it is at work. */
const LATE_REPLY_MS_MAX = 15_000;
const FLAP_MS = 3_000;
const WRITE_TRIES_MAX = 20;

export interface SessionParts {
  deviceId: string;
  profile: SandboxProfile;
  order: SandboxOrder | null;
  store: FarSideStore;
  clock: Clock;
  /** Simulated time; `delays` of it are waited for on the real clock. */
  simulated: Clock;
  speed: number;
}

export class SandboxSession implements DeviceSession {
  readonly patienceMs: number;
  readonly #parts: SessionParts;
  /** As it was read last: what the next write builds on first. */
  #known: SandboxBattery | undefined;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.patienceMs = (parts.order?.delayMs ?? 0) / parts.speed + slowness(parts.speed);
  }

  async read(limits: Limits): Promise<ReadOutcome> {
    if (limits.signal.aborted || this.#unreachable()) return this.#unreachableOutcome();
    if (this.#fault === "auth_expired") {
      const code = "INVALID_CREDENTIALS";
      return { kind: "refused", code, message: FAILURES[code] };
    }
    return { kind: "read", snapshot: this.#show(await this.#remember()) };
  }

  plan(order: Order, snapshot: Snapshot): Plan {
    const { mode, ...limits } = order;
    const { mode: heldMode, ...heldLimits } = snapshot.setpoint;
    return {
      setpoint: order,
      // Limits first, then the mode: the battery never runs in the new mode under the old limits.
      steps: [
        {
          name: "limits",
          covers: ["powerWMax", "targetPercent", "reservePercent"],
          value: limits,
          undo: heldLimits,
        },
        { name: "mode", covers: ["mode"], value: { mode }, undo: { mode: heldMode } },
      ],
    };
  }

  async dispatch(plan: Plan, ticket: DispatchTicket, limits: Limits): Promise<DispatchOutcome> {
    if (limits.signal.aborted) return { kind: "not_sent", message: "Stopped before sending." };
    if (this.#unreachable()) return { kind: "not_sent", message: FAILURES.DEVICE_OFFLINE };
    const { profile, order } = this.#parts;
    const behaviour = behaviourOf(plan, profile.fault, order, ticket);
    if (behaviour.takes !== null) await this.#write(behaviour);
    return this.#awaitReply(behaviour, limits);
  }

  async confirm(plan: Plan, limits: Limits): Promise<Confirmation> {
    const { clock, simulated, speed } = this.#parts;
    for (;;) {
      if (this.#unreachable()) {
        const end = await wait(clock, FLAP_MS / speed, limits);
        if (end === "elapsed") continue;
        return { kind: "unknown", message: FAILURES.DEVICE_OFFLINE };
      }
      const memory = await this.#remember();
      const leftMs = (memory.answersAt ?? 0) - simulated.now();
      if (leftMs <= 0) return this.#judge(plan, memory);
      const end = await wait(clock, Math.ceil(leftMs / speed), limits);
      if (end !== "elapsed") return { kind: "unknown", message: unanswered(end) };
    }
  }

  refresh(plan: Plan, ticket: DispatchTicket, limits: Limits): Promise<DispatchOutcome> {
    return this.dispatch(plan, ticket, limits);
  }

  async release(limits: Limits): Promise<ReleaseOutcome> {
    if (limits.signal.aborted || this.#unreachable()) {
      return { kind: "not_released", message: FAILURES.DEVICE_OFFLINE };
    }
    const memory = await this.#remember();
    const held = setpointAt(memory, this.#parts.simulated.now());
    const ownAlready = Object.keys(held).length === 1 && held.mode === OWN_MODE.mode;
    if (!ownAlready) await this.#write({ takes: OWN_MODE, reply: "silence", replyAfterMs: 0 });
    return { kind: "released" };
  }

  get #fault(): string {
    return this.#parts.order === null ? this.#parts.profile.fault.name : "ok";
  }

  #unreachable(): boolean {
    if (this.#fault === "offline") return true;
    const flap = Math.floor(this.#parts.simulated.now() / FLAP_MS);
    return this.#fault === "flapping" && flap % 2 === 1;
  }

  #unreachableOutcome(): ReadOutcome {
    return { kind: "unreachable", message: FAILURES.DEVICE_OFFLINE };
  }

  async #remember(): Promise<Memory> {
    const { store, deviceId, profile, simulated } = this.#parts;
    const known = await store.load(deviceId);
    const memory =
      known === undefined ? firstMemory(profile, simulated.now()) : parseMemory(known.memory);
    this.#known = known ?? { deviceId, memory: JSON.stringify(memory), writes: 0 };
    return memory;
  }

  #show(memory: Memory): Snapshot {
    const { profile, simulated, clock } = this.#parts;
    const shown = shownAt(profile, memory, simulated.now());
    return { ...shown, observedAt: clock.now(), source: "live" };
  }

  /** One physical write, counted; tried again only when somebody else wrote in between. */
  async #write(behaviour: Behaviour): Promise<void> {
    const { store, profile, simulated, deviceId } = this.#parts;
    if (behaviour.takes === null) throw new Error("There is nothing to write.");
    for (let tries = 0; tries < WRITE_TRIES_MAX; tries += 1) {
      const memory =
        this.#known === undefined ? await this.#remember() : parseMemory(this.#known.memory);
      const writes = (this.#known?.writes ?? 0) + 1;
      const now = simulated.now();
      const { busyUntilReply, revertsAfterMs, replyAfterMs, takes } = behaviour;
      const next = written(profile, memory, now, {
        setpoint: takes,
        ...(busyUntilReply === true && { answersAt: now + replyAfterMs }),
        ...(revertsAfterMs !== undefined && { revertsAt: now + revertsAfterMs }),
      });
      if (await store.save({ deviceId, memory: JSON.stringify(next), writes })) return;
      this.#known = undefined;
    }
    throw new Error(
      `The simulated battery ${deviceId} was written ${WRITE_TRIES_MAX} times at once.`,
    );
  }

  async #awaitReply(behaviour: Behaviour, limits: Limits): Promise<DispatchOutcome> {
    const { clock, speed, order } = this.#parts;
    const silent = behaviour.reply === "silence";
    const replyMs = silent ? Infinity : behaviour.replyAfterMs;
    // Longer than the reply takes: the clock goes on between setting this and waiting for it.
    const lateMs = Math.max(LATE_REPLY_MS_MAX, (order?.delayMs ?? 0) + REPLY_MS_MAX);
    const patienceMs = silent ? REPLY_MS_MAX : lateMs;
    const end = await wait(clock, replyMs / speed, within(clock, limits, patienceMs / speed));
    if (behaviour.reply === "silence" || end !== "elapsed") {
      return { kind: "ambiguous", message: unanswered(end) };
    }
    const { reply } = behaviour;
    const answer = Promise.withResolvers<DispatchOutcome>();
    answer.resolve(reply);
    // The second reply finds nobody waiting any more.
    if (behaviour.replyTwice === true) clock.after(0, () => answer.resolve(reply));
    return answer.promise;
  }

  #judge(plan: Plan, memory: Memory): Confirmation {
    const snapshot = this.#show(memory);
    switch (judgePlan(plan, snapshot.setpoint)) {
      case "applied":
        return { kind: "applied", message: "Mode applied", snapshot };
      case "partial":
        return { kind: "partial", message: FAILURES.PARTIALLY_APPLIED };
      default:
        return { kind: "not_applied", message: FAILURES.NOT_APPLIED };
    }
  }
}

/** Simulated time that runs slower than real time needs more of it. */
function slowness(speed: number): number {
  return speed >= 1 ? 0 : LATE_REPLY_MS_MAX / speed - LATE_REPLY_MS_MAX;
}

function unanswered(end: WaitEnd): string {
  return end === "stopped" ? "Stopped while waiting for an answer." : "The device did not answer.";
}
