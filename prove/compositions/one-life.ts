/**
 * A child process that lives one event's life (published, failed once, delivered, recorded) and kills
 * itself with -9 at the n-th point of it: before or after a database call or a post. Tells its parent
 * over the channel what it did: `accepted`, and `finished` with the number of points when n lay beyond.
 */
import { composeLife } from "../rig/life.ts";
import { until } from "../rig/observer.ts";

export interface LifeOrder {
  databaseUrl: string;
  masterKey: string;
  environmentId: string;
  applicationId: string;
  eventType: string;
  payload: string;
  retryScheduleMs: number[];
  /** The n-th point, or the first one of this name. */
  dieAt: number | string;
  /** The planted bug of the control: the caller is answered before anything is committed. */
  hasty: boolean;
}

export type LifeWord =
  | { word: "accepted"; messageId: string }
  | { word: "finished"; points: number };

/** Written when it returns: the channel of a process that kills itself next would not be. */
function tell(word: LifeWord): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(word, (error: Error | null) => (error === null ? resolve() : reject(error)));
  });
}

async function live(order: LifeOrder): Promise<void> {
  const { environmentId, applicationId, eventType, hasty } = order;
  let points = 0;
  const life = composeLife({
    databaseUrl: order.databaseUrl,
    masterKey: Buffer.from(order.masterKey, "base64"),
    retryScheduleMs: order.retryScheduleMs,
    onPoint: async (name) => {
      if (hasty && name === "before insert-messages") {
        await tell({ word: "accepted", messageId: life.lastId() });
      }
      points += 1;
      if (points === order.dieAt || name === order.dieAt) process.kill(process.pid, "SIGKILL");
    },
  });
  await life.start();
  const outcome = await life.engine.publish({
    environmentId,
    applicationId,
    eventType,
    eventId: null,
    channels: null,
    tags: null,
    payload: Buffer.from(order.payload),
    idempotency: null,
  });
  if (outcome.kind !== "accepted") throw new Error(`The event was not accepted: ${outcome.kind}`);
  if (!hasty) await tell({ word: "accepted", messageId: outcome.messageId });
  const { counters } = life.engine.health();
  await until("the event is delivered", () => counters.delivered > 0, { pollMs: 2 });
  await life.stop();
  await tell({ word: "finished", points });
  process.disconnect?.();
}

process.once("message", (order: LifeOrder) => void live(order));
