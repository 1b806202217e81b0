/**
 * Receivers that hang, drip, lie, flood and redirect, beside a healthy one under load: every attempt at
 * them ends by its deadline with a named reason, the healthy one does not notice, memory stays bounded.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { call } from "../test/support/server-process.ts";
import {
  check,
  checkTime,
  type Check,
  type Context,
  type Experiment,
  type Outcome,
} from "./experiment.ts";
import { tryForgeries } from "./forgeries.ts";
import { judge } from "./oracle.ts";
import { tryRebinding } from "./rebinding.ts";
import { describe, drain, quantile } from "./rig/drain.ts";
import { startCluster } from "./rig/ground.ts";
import { type Hostile, HostileReceivers } from "./rig/hostile.ts";
import { Load } from "./rig/load.ts";
import { type Observer, until } from "./rig/observer.ts";

const DEADLINE_MS = 2_000;
/** A busy machine notices a deadline late. */
const LATE_MS_MAX = 2_000;
const MEMORY_MIB_MAX = 256;
const PER_SECOND = 100;
/** All that are sent to one endpoint are under way one after the other at worst. */
const WAIT_MS_PER_ROUND = 4 * DEADLINE_MS;
const REBINDINGS_PER_ROUND = 200;

interface Attempt {
  [column: string]: unknown;
  endpoint_id: string;
  error_code: string | null;
  succeeded: boolean;
  duration_ms: number;
  body_bytes: number;
}

/** One endpoint for each, and `rounds` events to it. @returns who is behind which endpoint */
async function provoke(
  serverUrl: string,
  hostile: readonly Hostile[],
  rounds: number,
): Promise<Map<string, Hostile>> {
  const byEndpoint = new Map<string, Hostile>();
  for (const [index, receiver] of hostile.entries()) {
    const channels = [`hostile-${index}`];
    const made = await call<{ id: string }>(`${serverUrl}/api/v1/app/default/endpoint`, {
      body: { url: receiver.url, channels },
    });
    if (made.status !== 201) throw new Error(`${receiver.url} was refused: ${made.status}`);
    byEndpoint.set(made.body.id, receiver);
  }
  for (let round = 0; round < rounds; round += 1) {
    const sent = [...byEndpoint.keys()].map((_, index) =>
      call(`${serverUrl}/api/v1/app/default/msg`, {
        body: { eventType: "prove.hostile", payload: { round }, channels: [`hostile-${index}`] },
      }),
    );
    for (const { status } of await Promise.all(sent)) {
      if (status !== 202) throw new Error(`An event to a hostile receiver was refused: ${status}`);
    }
  }
  return byEndpoint;
}

async function firstAttempts(observer: Observer, endpointIds: string[]): Promise<Attempt[]> {
  return observer.query<Attempt>(
    `SELECT DISTINCT ON (endpoint_id, message_id) endpoint_id, error_code, succeeded, duration_ms,
       length(response_body) AS body_bytes
     FROM attempt WHERE endpoint_id = ANY ($1) ORDER BY endpoint_id, message_id, attempt_id`,
    [endpointIds],
  );
}

function judgeAttempts(attempts: Attempt[], byEndpoint: Map<string, Hostile>): Check[] {
  const wrong: string[] = [];
  let longest = 0;
  for (const { endpoint_id: id, error_code: code, succeeded, duration_ms: ms } of attempts) {
    const hostile = byEndpoint.get(id);
    if (hostile === undefined) continue;
    longest = Math.max(longest, ms);
    const ending = succeeded ? "delivered" : (code ?? "without a reason");
    const fits = succeeded
      ? hostile.ends === "delivered"
      : hostile.ends !== "delivered" && hostile.ends.includes(ending);
    if (!fits) wrong.push(`one that ${hostile.name}: ${ending}`);
  }
  const kept = Math.max(0, ...attempts.map((each) => each.body_bytes));
  return [
    check(
      "every attempt ends as it must",
      wrong.length === 0,
      wrong.length === 0 ? `${attempts.length} attempts` : [...new Set(wrong)].join("; "),
    ),
    checkTime(
      `every attempt ends by its deadline of ${DEADLINE_MS} ms`,
      longest <= DEADLINE_MS + LATE_MS_MAX,
      `longest ${longest} ms`,
    ),
    check("at most 16 KiB of an answer are kept", kept <= 16 * 1024, `${kept} bytes`),
  ];
}

function peakMemoryMiB(pid: number): number | undefined {
  try {
    const found = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return found === null ? undefined : Math.round(Number(found[1]) / 1024);
  } catch {
    return undefined;
  }
}

async function provokeAll(context: Context, rounds: number, entry?: string): Promise<Outcome> {
  const { random } = context;
  const hostile = await HostileReceivers.start();
  context.onEnd(() => hostile.close());
  const { ledger, nodes, eventTypes } = await startCluster(context, "receivers", {
    nodes: 1,
    endpoints: 1,
    env: { AMPS_DELIVERY_TIMEOUT: `${DEADLINE_MS}ms`, AMPS_RETRY_SCHEDULE: "1h" },
    ...(entry !== undefined && { entry: path.join("prove", "compositions", entry) }),
  });
  const [node] = nodes.live;
  if (node === undefined) throw new Error("No node was started.");
  const { observer, urls } = nodes;
  const load = new Load({ ledger, random, urls, eventTypes, perSecond: PER_SECOND });
  load.start();
  const byEndpoint = await provoke(node.url, hostile.all, rounds);
  const endpointIds = [...byEndpoint.keys()];
  const expected = endpointIds.length * rounds;
  let attempts: Attempt[] = [];
  await until(
    "every attempt has ended",
    async () => {
      attempts = await firstAttempts(observer, endpointIds);
      context.progress(`${attempts.length} of ${expected} attempts ended`);
      return attempts.length >= expected;
    },
    { timeoutMs: 10_000 + rounds * WAIT_MS_PER_ROUND, pollMs: 200 },
  ).catch(() => undefined);
  await load.stop();
  const healthy = new Set(ledger.accepted.map(({ messageId }) => messageId));
  await until("the healthy one has everything", () => ledger.missing() === 0);
  // What hostile ones are owed waits for its next try; the healthy one's must be done.
  const evidence = await drain({ ledger, observer, cuts: [], timeoutMs: 5_000, only: healthy });
  const { counts, checks } = judge(evidence);
  const delays = ledger.delays();
  const p99 = quantile(delays, 0.99);
  const memory = peakMemoryMiB(node.process.child.pid ?? 0);
  return {
    counts: {
      ...counts,
      "hostile receivers": byEndpoint.size,
      "hostile attempts": attempts.length,
    },
    measures: {
      "healthy, 202 to arrival": describe(delays),
      "peak memory": memory === undefined ? "unknown" : `${memory} MiB`,
    },
    checks: [
      ...checks,
      tryForgeries(evidence),
      check(
        "every attempt has ended",
        attempts.length >= expected,
        `${attempts.length} of ${expected}`,
      ),
      ...judgeAttempts(attempts, byEndpoint),
      check("no redirect is followed", hostile.followed === 0, `${hostile.followed} requests`),
      checkTime("the healthy one waits for no deadline", p99 < DEADLINE_MS, `p99 ${p99} ms`),
      check(
        `memory stays below ${MEMORY_MIB_MAX} MiB`,
        (memory ?? 0) <= MEMORY_MIB_MAX,
        `${memory ?? "?"} MiB`,
      ),
      check("the node lives", node.process.child.exitCode === null, "one process"),
    ],
  };
}

export const receivers: Experiment = {
  claim:
    "whatever a receiver does, the attempt ends in time with its reason, and nobody else suffers",
  rounds: 4,
  async run(context) {
    const outcome = await provokeAll(context, context.rounds);
    const rebinding = await tryRebinding(context.rounds * REBINDINGS_PER_ROUND);
    return { ...outcome, checks: [...outcome.checks, ...rebinding] };
  },
  controlClaim: "a sender without a total deadline",
  controlBreaks: "every attempt has ended",
  control: (context) => provokeAll(context, 1, "patient-node.ts"),
};
