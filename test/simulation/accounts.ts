/** The end of a round: everything that was accepted has come to one of its ends, and nothing is left. */
import { Ledger } from "./ledger.ts";
import type { SimulatedNode, Surroundings } from "./node.ts";
import { short } from "./trace.ts";
import { must, Violation } from "./violation.ts";
import { SCHEDULE_MS } from "./witness.ts";

const WAITING = {
  name: "simulation-waiting",
  text: `SELECT d.endpoint_id, d.message_id, d.trigger FROM delivery d
    JOIN endpoint e USING (application_id, endpoint_id)
    WHERE e.deleted_at IS NOT NULL OR NOT e.disabled`,
};
const PARKED = {
  name: "simulation-parked",
  text: `SELECT d.endpoint_id, d.message_id, d.trigger FROM delivery d
    JOIN endpoint e USING (application_id, endpoint_id)
    WHERE e.deleted_at IS NULL AND e.disabled`,
};
const NODES = { name: "simulation-nodes", text: "SELECT node_id FROM node" };
const STORED = {
  name: "simulation-stored",
  text: `SELECT (SELECT count(*)::int FROM message) AS messages,
    (SELECT count(*)::int FROM attempt) AS attempts`,
};

interface DeliveryRow {
  [column: string]: unknown;
  endpoint_id: string;
  message_id: string;
  trigger: number;
}

/** What the round still waits for; undefined: everything has come to its end. */
export async function findOpen(
  around: Surroundings,
  live: SimulatedNode[],
): Promise<string | undefined> {
  const { database, ledger, world } = around;
  for (const node of live) {
    if (node.paused || node.stopping) return `${node.name} is paused or stopping`;
    const left = node.leftovers();
    if (left !== undefined) return `${node.name} has ${left}`;
  }
  for (const [bucket, { epoch }] of ledger.leases)
    if (!live.some((node) => node.epochOf(bucket) === epoch))
      return `bucket ${bucket} has no owner`;
  const [waiting] = await database.query<DeliveryRow>(WAITING, [], world.now);
  if (waiting !== undefined)
    return `${short(waiting.message_id)} is owed to ${short(waiting.endpoint_id)}`;
  const nodes = await database.query(NODES, [], world.now);
  return nodes.length > live.length ? "a dead node is not buried" : undefined;
}

export async function checkAccounts(around: Surroundings, live: SimulatedNode[]): Promise<void> {
  const { database, ledger, world, witness } = around;
  const [stored] = await database.query<{ messages: number; attempts: number }>(
    STORED,
    [],
    world.now,
  );
  must(
    stored?.messages === ledger.messages.size && stored.attempts === witness.attempts,
    "every write was witnessed",
    () => `${JSON.stringify(stored)} instead of ${ledger.messages.size}, ${witness.attempts}`,
  );
  const parked = new Set<string>();
  for (const row of await database.query<DeliveryRow>(PARKED, [], world.now))
    if (row.trigger === 0) parked.add(Ledger.key(row.endpoint_id, row.message_id));
  for (const owed of ledger.owed.values()) {
    const { endpointId, messageId, ended, failures } = owed;
    const what = `${short(messageId)} to ${short(endpointId)}`;
    const endpoint = ledger.endpoints.get(endpointId);
    const isParked = parked.has(Ledger.key(endpointId, messageId));
    if (endpoint?.deleted !== true) {
      must(
        ended !== undefined || isParked,
        "nothing is lost",
        () => `${what}, ${failures} failures`,
      );
      must(ended === undefined || !isParked, "what ended is not owed any more", () => what);
    }
    must(failures <= SCHEDULE_MS.length + 1, "retries are bounded", () => `${what}: ${failures}`);
    if (ended === "exhausted" && owed.resends === 0)
      must(
        failures === SCHEDULE_MS.length + 1,
        "the whole schedule is used",
        () => `${what}: ${failures}`,
      );
    for (const send of owed.sends) {
      if (send.recorded) continue;
      const epoch = ledger.leases.get(send.bucket)?.epoch ?? 0;
      must(
        epoch > send.epoch,
        "an attempt is forgotten only with its owner",
        () => `${what} by ${send.node.name}`,
      );
    }
  }
  checkEndpoints(around);
  for (const node of live) {
    const left = node.leftovers();
    if (left !== undefined)
      throw new Violation("nothing is left in memory", `${node.name}: ${left}`);
  }
}

/** Who answered that it is gone is disabled, unless its owner died between the two commits. */
function checkEndpoints({ ledger }: Surroundings): void {
  for (const { endpointId, toDisable } of ledger.endpoints.values())
    must(toDisable === undefined || toDisable.dead, "who is gone is disabled", () => endpointId);
}
