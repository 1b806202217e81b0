/** What goes wrong: the seed chooses which kinds, how many of them, and when. */
import type { SimulatedNode, Trouble } from "./node.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

/** A slow answer takes longer than the second that lies between most claims of a node. */
const SLOW_MS_MAX = 3_000;
/** A node's lease; pauses are shorter and longer than it. */
const LEASE_MS = 15_000;
const RESTART_MS_MAX = 8_000;
/** A guest stays so long at least and at most: time to be given buckets and what is due in them. */
const VISIT_MS = [1_500, 5_000] as const;
/** A commit waits for its answer while a guest comes and goes. */
const RESTLESS_SLOW_MS_MAX = 10_000;
const DAY_MS = 24 * 3_600_000;
/** The endpoint that failed all the while is disabled then. */
const SLEEP_MS = 5 * DAY_MS + 1;

type Fault = "crash" | "stop" | "pause" | "session" | "outage" | "join" | "visit" | "sleep";

/** How this round goes: a calm one shows that without faults nothing happens twice. */
export interface Weather {
  faults: Fault[];
  trouble: Trouble;
}

const CALM: Trouble = {
  fail: 0,
  lose: 0,
  delay: 0,
  slow: 0,
  slowMsMax: SLOW_MS_MAX,
  outageUntil: 0,
  deaf: 0,
};

export function drawWeather(random: Random): Weather {
  // Delayed answers are no fault: statements of a node overlap then.
  const delay = random.pick([0, 0.2, 0.6]);
  const slow = random.pick([0, 0, 0.05, 0.3]);
  const deaf = random.pick([0, 0.5, 1, 1]);
  const calm = { ...CALM, delay, slow, deaf };
  if (random.chance(0.15)) return { faults: peaceful(random), trouble: calm };
  if (random.chance(0.2)) return { faults: visits(random), trouble: restless(random, calm) };
  const kinds: Fault[] = ["crash", "stop", "pause", "session", "outage", "join"];
  const chosen = kinds.filter(() => random.chance(0.5));
  const count = chosen.length === 0 ? 0 : random.between(0, 5);
  const faults = Array.from({ length: count }, () => random.pick(chosen));
  if (random.chance(0.03)) faults.push("sleep");
  const fail = random.pick([0, 0, 0.02, 0.1]);
  const lose = random.pick([0, 0, 0.02, 0.1]);
  return { faults, trouble: { ...calm, fail, lose } };
}

/** Buckets go and come back, again and again. */
function visits(random: Random): Fault[] {
  return Array.from({ length: random.between(3, 8) }, () => "visit");
}

function restless(random: Random, calm: Trouble): Trouble {
  return { ...calm, slow: random.pick([0.05, 0.15]), slowMsMax: RESTLESS_SLOW_MS_MAX };
}

function peaceful(random: Random): Fault[] {
  const kinds: Fault[] = ["stop", "join"];
  return Array.from({ length: random.between(0, 2) }, () => random.pick(kinds));
}

export interface Victims {
  world: World;
  trouble: Trouble;
  live: () => SimulatedNode[];
  start: () => SimulatedNode;
}

function startLater({ world, start }: Victims, delayMs: number): void {
  world.after(delayMs, { party: undefined, label: "a node starts", run: () => void start() });
}

function visit({ world, start }: Victims): void {
  const guest = start();
  const run = (): void => {
    if (guest.open) guest.stop();
  };
  world.after(world.random.between(...VISIT_MS), {
    party: undefined,
    label: `${guest.name} leaves again`,
    run,
  });
}

/** How long until the database knows that a connection is gone: at once, or not before the lease ends. */
function lockMs(random: Random): number {
  return random.pick([0, 0, random.between(1, LEASE_MS), 2 * LEASE_MS]);
}

export function strike(fault: Fault, victims: Victims): void {
  const { world, trouble } = victims;
  const { random } = world;
  if (fault === "outage") {
    trouble.outageUntil = world.now + random.between(500, 20_000);
    world.note("the database is away");
    return;
  }
  if (fault === "sleep") {
    world.note("the machine sleeps for five days");
    world.sleep(SLEEP_MS);
    return;
  }
  if (fault === "join") return startLater(victims, 0);
  if (fault === "visit") return visit(victims);
  const able = victims.live().filter((node) => !node.paused);
  if (able.length === 0) return;
  const node = random.pick(able);
  world.note(`${fault} ${node.name}`);
  if (fault === "crash") {
    node.die(lockMs(random));
    startLater(victims, random.between(0, RESTART_MS_MAX));
  } else if (fault === "session") {
    node.loseSession(lockMs(random), random.pick([0, random.between(0, 5_000)]));
  } else if (fault === "pause") {
    node.paused = true;
    const run = (): void => {
      node.paused = false;
    };
    const durationMs = random.pick([500, 5_000, LEASE_MS, 25_000]);
    world.after(durationMs, { party: undefined, label: `${node.name} goes on`, run });
  } else if (!node.stopping) {
    node.stop();
    startLater(victims, random.between(0, RESTART_MS_MAX));
  }
}
