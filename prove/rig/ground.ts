/** What most experiments stand on: a ledger, a receiver, one PostgreSQL and some nodes on it. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import type { Settings } from "../../src/storage/embedded/server-process.ts";
import type { Context } from "../experiment.ts";
import { Ledger } from "./ledger.ts";
import { Nodes } from "./nodes.ts";
import { PostgresServer } from "./postgres.ts";
import { LedgerReceiver, type LedgerReceiverOptions } from "./receiver.ts";
import { makeEndpoints, makeSecret } from "./tenant.ts";

export interface Ground {
  folder: string;
  ledger: Ledger;
  receiver: LedgerReceiver;
  secret: string;
}

export async function prepareGround(
  context: Context,
  name: string,
  makeOptions: (ledger: Ledger) => Partial<LedgerReceiverOptions> = () => ({}),
): Promise<Ground> {
  const folder = path.join(context.folder, name);
  mkdirSync(folder, { recursive: true });
  const ledger = new Ledger(folder);
  const secret = makeSecret();
  const receiver = await LedgerReceiver.start({ ledger, secret, ...makeOptions(ledger) });
  context.onEnd(async () => {
    await receiver.close();
    ledger.close();
  });
  return { folder, ledger, receiver, secret };
}

export interface ClusterOptions {
  nodes: number;
  endpoints: number;
  /** Another composition of the server. */
  entry?: string;
  env?: Record<string, string>;
  settings?: Settings;
  /** Where the database's files are; by default beside the ledgers. */
  databaseFolder?: string;
  receiver?: (ledger: Ledger) => Partial<LedgerReceiverOptions>;
}

export interface Cluster extends Ground {
  postgres: PostgresServer;
  nodes: Nodes;
  eventTypes: string[];
}

/** Nodes on a PostgreSQL of their own, with endpoints. */
export async function startCluster(
  context: Context,
  name: string,
  options: ClusterOptions,
): Promise<Cluster> {
  const { entry, env, settings } = options;
  const ground = await prepareGround(context, name, options.receiver);
  const { folder, receiver, secret } = ground;
  const postgres = await PostgresServer.create(
    options.databaseFolder ?? path.join(folder, "postgres"),
    settings === undefined ? {} : { settings },
  );
  context.onEnd(() => postgres.stopImmediately());
  const nodes = new Nodes({
    databaseUrl: postgres.url(),
    folder,
    ...(entry !== undefined && { entry }),
    ...(env !== undefined && { env }),
  });
  context.onEnd(() => nodes.killAll());
  const first = await nodes.start();
  const eventTypes = await makeEndpoints(first.url, {
    receiverUrl: receiver.url,
    secret,
    count: options.endpoints,
  });
  while (nodes.live.length < options.nodes) await nodes.start();
  return { ...ground, postgres, nodes, eventTypes };
}
