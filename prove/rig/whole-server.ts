/** An all-in-one server under load that is struck again and again, each time it has lived a while, and started again. */
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type ServerProcess, startServerProcess } from "../../test/support/server-process.ts";
import type { Context, Outcome } from "../experiment.ts";
import type { Cut } from "../oracle.ts";
import { conclude, describe } from "./drain.ts";
import { embeddedUrl } from "./embedded-url.ts";
import { prepareGround } from "./ground.ts";
import { Load } from "./load.ts";
import { PROOF_ENV } from "./nodes.ts";
import { Observer } from "./observer.ts";
import { makeEndpoints } from "./tenant.ts";

const PER_SECOND = 150;
const LIFE_MS_MAX = 2_000;

export interface WholeServerOptions {
  rounds: number;
  endpoints: number;
  /** Where it keeps its data; by default beside the ledgers. */
  folder?: string;
  /** Ends it, and its database with it. */
  strike: (server: ServerProcess) => Promise<void>;
}

export async function strikeServer(
  context: Context,
  name: string,
  { rounds, endpoints, folder, strike }: WholeServerOptions,
): Promise<Outcome> {
  const { random } = context;
  const ground = await prepareGround(context, name);
  const { ledger, receiver, secret } = ground;
  const dataDir = path.join(folder ?? ground.folder, "amps");
  const start = (): Promise<ServerProcess> =>
    startServerProcess({ dataDir, env: { ...PROOF_ENV } });
  let server = await start();
  context.onEnd(async () => {
    if (server.child.exitCode === null && server.child.signalCode === null) await server.kill();
  });
  let urls = [server.url];
  const eventTypes = await makeEndpoints(server.url, {
    receiverUrl: receiver.url,
    secret,
    count: endpoints,
  });
  const load = new Load({ ledger, random, urls: () => urls, eventTypes, perSecond: PER_SECOND });
  load.start();
  const cuts: Cut[] = [];
  const restarts: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    await delay(random.next() * LIFE_MS_MAX);
    const from = Date.now();
    urls = [];
    await strike(server);
    cuts.push({ from, to: Date.now() });
    const struckAt = performance.now();
    server = await start();
    restarts.push(performance.now() - struckAt);
    urls = [server.url];
    context.progress(
      `${name} ${round}/${rounds}: ${ledger.accepted.length} accepted, back in ${describe(restarts)}`,
    );
  }
  await load.stop();
  const observer = new Observer(await embeddedUrl(dataDir));
  const outcome = await conclude({ ledger, observer, cuts });
  outcome.measures["restart"] = describe(restarts);
  await server.stop();
  return outcome;
}
