/** One seed, from an empty database to the last rule: work under faults, then peace, then the accounts. */
import type { Vault } from "../../src/storage/vault.ts";
import type { SimulatedDatabase } from "./database.ts";
import { drawWeather, strike, type Victims } from "./faults.ts";
import type { Immediates } from "./immediates.ts";
import { Ledger } from "./ledger.ts";
import { SimulatedNode, type Surroundings } from "./node.ts";
import type { Product } from "./product.ts";
import { Random } from "./random.ts";
import type { Nature } from "./receivers.ts";
import { checkAccounts, findOpen } from "./accounts.ts";
import { Violation } from "./violation.ts";
import { Witness } from "./witness.ts";
import { Workload } from "./workload.ts";
import { START_MS, World } from "./world.ts";

/** Broken by whatever is thrown that is no violation: an error in the simulation, or an engine beside itself. */
export const SIMULATION_RULE = "the simulation itself works";
/** Rounds end long before; one that does not has something that goes round in circles. */
const STEPS_MAX = 30_000;
/** Between two attempts: the longest wait of a chain, a lease that has to run out, the sweeps between. */
const STALL_MS_MAX = 60_000;
/** Who still fails then recovers: a breaker lets a dead receiver's backlog through one by one, for hours. */
const RECOVERY_MS = 90_000;
/** A process that could not start is started again after this. */
const RESTART_MS = 1_000;

export interface RoundCounts {
  steps: number;
  simulatedMs: number;
  nodes: number;
  messages: number;
  deliveries: number;
  sends: number;
  attempts: number;
  faults: number;
}

export interface RoundResult {
  seed: number;
  hash: string;
  counts: RoundCounts;
  failure: { rule: string; message: string; trace: readonly string[] } | undefined;
}

export interface RoundOptions {
  seed: number;
  product: Product;
  database: SimulatedDatabase;
  immediates: Immediates;
  vault: Vault;
}

export async function runRound(options: RoundOptions): Promise<RoundResult> {
  const round = new Round(options);
  let failure: RoundResult["failure"];
  try {
    await options.database.reset();
    await round.run();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const rule = error instanceof Violation ? error.rule : SIMULATION_RULE;
    const message = error instanceof Violation ? error.message : String(error.stack);
    failure = { rule, message, trace: round.world.trace.last };
  }
  return { seed: options.seed, hash: round.world.trace.digest(), counts: round.counts, failure };
}

class Round {
  readonly world: World;
  readonly #around: Surroundings;
  readonly #natures = new Map<string, Nature>();
  readonly #nodes: SimulatedNode[] = [];
  readonly #workload: Workload;
  readonly #weather: ReturnType<typeof drawWeather>;
  #faults = 0;

  constructor({ seed, product, database, immediates, vault }: RoundOptions) {
    const random = new Random(seed);
    this.world = new World(random, immediates);
    const { world } = this;
    const ledger = new Ledger(world);
    const witness = new Witness({ database, ledger, world, vault });
    this.#weather = drawWeather(random);
    this.#around = {
      world,
      database,
      ledger,
      witness,
      product,
      vault,
      trouble: this.#weather.trouble,
      natures: this.#natures,
      onNotification: (notification) => {
        for (const node of this.#live()) node.hear(notification);
      },
      onFailedStart: () => {
        const run = (): void => void this.#start();
        world.after(RESTART_MS, { party: undefined, label: "a node starts again", run });
      },
    };
    this.#workload = new Workload(this.#around, () => this.#nodes);
  }

  get counts(): RoundCounts {
    const { world, ledger, witness } = this.#around;
    return {
      steps: world.steps,
      simulatedMs: world.now - START_MS,
      nodes: this.#nodes.length,
      messages: ledger.messages.size,
      deliveries: ledger.owed.size,
      sends: ledger.sends,
      attempts: witness.attempts,
      faults: this.#faults,
    };
  }

  async run(): Promise<void> {
    const { random } = this.world;
    for (let count = random.between(1, 4); count > 0; count -= 1)
      await this.#workload.addEndpoint(this.#natures);
    for (let count = random.pick([1, 1, 2, 2, 3]); count > 0; count -= 1) this.#start();
    await this.#trouble();
    await this.#drain();
    await checkAccounts(this.#around, this.#live());
    await this.#buryDead();
    await this.#stop();
  }

  #live(): SimulatedNode[] {
    return this.#nodes.filter((node) => !node.dead);
  }

  #start(): SimulatedNode {
    const node = new SimulatedNode(`n${this.#nodes.length + 1}`, this.#around);
    this.#nodes.push(node);
    this.world.note(`${node.name} starts`);
    node.start();
    return node;
  }

  /** Clients and faults, each at a moment of the seed's choice. */
  async #trouble(): Promise<void> {
    const { random } = this.world;
    const victims: Victims = {
      world: this.world,
      trouble: this.#around.trouble,
      live: () => this.#live(),
      start: () => this.#start(),
    };
    const faults = [...this.#weather.faults];
    const hurry = random.pick([0, 0.05, 0.3]);
    let acts = random.between(4, 16);
    while (acts > 0 || faults.length > 0) {
      if (acts > 0 && random.chance(0.08)) {
        acts -= 1;
        this.#workload.act();
        await this.world.settle();
      } else if (faults.length > 0 && random.chance(0.02)) {
        const fault = faults.pop();
        if (fault !== undefined) strike(fault, victims);
        this.#faults += 1;
        await this.world.settle();
      }
      await this.#go(hurry);
    }
  }

  /** No more faults: whatever is owed comes to its end. */
  async #drain(): Promise<void> {
    const { trouble, witness } = this.#around;
    Object.assign(trouble, { fail: 0, lose: 0, slow: 0, outageUntil: 0 });
    this.world.note("peace");
    this.world.after(RECOVERY_MS, {
      party: undefined,
      label: "every receiver recovers",
      run: () => {
        for (const endpointId of this.#natures.keys()) this.#natures.set(endpointId, ["ok"]);
      },
    });
    let attempts = -1;
    let progressAt = this.world.now;
    for (;;) {
      while (await this.world.step()) this.#checkRest();
      if (witness.attempts > attempts) progressAt = this.world.now;
      attempts = witness.attempts;
      const open = await findOpen(this.#around, this.#live());
      if (open === undefined) return;
      if (this.world.now > progressAt + STALL_MS_MAX)
        throw new Violation("what is owed is delivered in time", open);
      await this.#go(0);
    }
  }

  #checkRest(): void {
    if (this.world.steps > STEPS_MAX)
      throw new Violation("the engine comes to rest", `${STEPS_MAX} steps`);
  }

  async #go(hurry: number): Promise<void> {
    this.#checkRest();
    const { random } = this.world;
    if (hurry > 0 && random.chance(hurry) && this.world.advance()) return;
    if (await this.world.step()) return;
    if (!this.world.advance()) throw new Error("Nothing can happen any more.");
  }

  /** Whoever was killed, or could not start, is buried by the others; all others have started. */
  async #buryDead(): Promise<void> {
    const until = this.world.now + STALL_MS_MAX;
    for (;;) {
      const alive = this.#live().map(({ nodeId }) => nodeId);
      const [row] = await this.#around.database.query<{ dead: number }>(
        {
          name: "simulation-dead",
          text: "SELECT count(*)::int AS dead FROM node WHERE node_id <> ALL ($1::text[])",
        },
        [alive],
        this.world.now,
      );
      // Who still starts may yet fail, by an answer that is on its way.
      if (row?.dead === 0 && this.#live().every(({ started }) => started)) return;
      if (this.world.now > until)
        throw new Violation("the dead are buried in time", JSON.stringify(row));
      await this.#go(0);
    }
  }

  /** Every node leaves as it should, and leaves nothing behind. */
  async #stop(): Promise<void> {
    this.world.note("everybody stops");
    while (this.#live().length > 0) {
      // Whoever still starts does so first: a process that ends in the middle of it is left to others.
      const next = this.#live().find(({ started, stopping }) => started && !stopping);
      next?.stop();
      await (next === undefined ? this.#go(0) : this.world.settle());
    }
    const [left] = await this.#around.database.query<{ nodes: number; leases: number }>(
      {
        name: "simulation-left",
        text: `SELECT (SELECT count(*)::int FROM node) AS nodes,
          (SELECT count(*)::int FROM bucket_lease WHERE node_id IN (SELECT node_id FROM node)) AS leases`,
      },
      [],
      this.world.now,
    );
    if (left === undefined || left.nodes + left.leases > 0)
      throw new Violation("who stops leaves nothing behind", JSON.stringify(left));
  }
}
