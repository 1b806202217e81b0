/**
 * Nodes in network namespaces of their own, each with two links: one to the database, one to the rest
 * of the world. Cutting the first one drops packets silently, as a broken switch does: no connection
 * is closed.
 */
import { execFileSync } from "node:child_process";

/** A classic BPF program that drops whatever it sees. */
const DROP = "1,6 0 0 2";
const BRIDGES = { database: "db", world: "wd" } as const;

export interface Place {
  name: string;
  /** Its address towards receivers and callers. */
  address: string;
  /** A command's prefix that runs it there. */
  within: readonly string[];
}

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: ["ignore", "ignore", "pipe"] });
}

function quietly(command: string, ...args: string[]): void {
  try {
    run(command, ...args);
  } catch {
    // It was gone already.
  }
}

/** Why this machine cannot; undefined when it can. */
export function networkImpediment(): string | undefined {
  const name = `amps${process.pid}`;
  const device = "probe0";
  try {
    run("ip", "netns", "add", name);
    run("ip", "-n", name, "link", "add", device, "type", "veth", "peer", "name", "probe1");
    run("tc", "-n", name, "qdisc", "add", "dev", device, "clsact");
    run("tc", "-n", name, "filter", "add", "dev", device, "egress", "bpf", "da", "bytecode", DROP);
    return undefined;
  } catch {
    return "it needs network namespaces and packet filters (Linux, root, `ip` and `tc`).";
  } finally {
    quietly("ip", "netns", "del", name);
  }
}

export class Network {
  /** Where the database is to listen. */
  readonly databaseAddress: string;
  /** Where receivers are to listen. */
  readonly worldAddress: string;
  readonly #prefix: string;
  readonly #third: number;
  readonly #places: Place[] = [];

  /** @param number tells apart what runs at the same time */
  constructor(number = process.pid) {
    this.#prefix = `am${number % 100_000}`;
    this.#third = number % 250;
    this.databaseAddress = `10.213.${this.#third}.1`;
    this.worldAddress = `10.214.${this.#third}.1`;
    this.#makeBridge(BRIDGES.database, this.databaseAddress);
    this.#makeBridge(BRIDGES.world, this.worldAddress);
  }

  addPlace(): Place {
    const index = this.#places.length;
    const name = `${this.#prefix}-${index}`;
    run("ip", "netns", "add", name);
    const address = `10.214.${this.#third}.${index + 10}`;
    const place = { name, address, within: ["ip", "netns", "exec", name] };
    this.#places.push(place);
    run("ip", "-n", name, "link", "set", "lo", "up");
    this.#link(place, BRIDGES.database, `10.213.${this.#third}.${index + 10}`);
    this.#link(place, BRIDGES.world, address);
    return place;
  }

  /** Drops what the database sends to this place, and in the other direction too unless `oneWay`. */
  cut(place: Place, { oneWay = false } = {}): void {
    const device = this.#deviceOf(place, BRIDGES.database);
    run("tc", "qdisc", "add", "dev", device, "clsact");
    const directions = oneWay ? ["egress"] : ["egress", "ingress"];
    for (const direction of directions) {
      run("tc", "filter", "add", "dev", device, direction, "bpf", "da", "bytecode", DROP);
    }
  }

  heal(place: Place): void {
    run("tc", "qdisc", "del", "dev", this.#deviceOf(place, BRIDGES.database), "clsact");
  }

  close(): void {
    for (const place of this.#places) {
      // The kernel takes a namespace down later; its links shall be gone now.
      for (const kind of Object.values(BRIDGES)) {
        quietly("ip", "link", "del", this.#deviceOf(place, kind));
      }
      quietly("ip", "netns", "del", place.name);
    }
    for (const kind of Object.values(BRIDGES)) {
      quietly("ip", "link", "del", `${this.#prefix}${kind}`);
    }
  }

  #makeBridge(kind: string, address: string): void {
    const bridge = `${this.#prefix}${kind}`;
    run("ip", "link", "add", bridge, "type", "bridge");
    run("ip", "address", "add", `${address}/24`, "dev", bridge);
    run("ip", "link", "set", bridge, "up");
  }

  #link(place: Place, kind: string, address: string): void {
    const device = this.#deviceOf(place, kind);
    run("ip", "link", "add", device, "type", "veth", "peer", "name", kind, "netns", place.name);
    run("ip", "link", "set", device, "master", `${this.#prefix}${kind}`, "up");
    run("ip", "-n", place.name, "address", "add", `${address}/24`, "dev", kind);
    run("ip", "-n", place.name, "link", "set", kind, "up");
  }

  /** The end of a place's link that is on our side. */
  #deviceOf(place: Place, kind: string): string {
    return `${this.#prefix}${kind}${this.#places.indexOf(place)}`;
  }
}
