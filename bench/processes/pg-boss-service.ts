/** A rival: pg-boss on PostgreSQL, as its documentation shows; API and worker in own processes. */
import { PgBoss } from "pg-boss";
import { type Methods, serve } from "../harness/child.ts";
import { ATTEMPTS_MAX, createAttempt, type RivalEvent, takeEvents } from "../harness/rival.ts";

const QUEUE = "webhooks";
const POOL_SIZE = 20;

async function start(databaseUrl: string): Promise<PgBoss> {
  const boss = new PgBoss({ connectionString: databaseUrl, max: POOL_SIZE });
  boss.on("error", (error) => process.stderr.write(`${error.message}\n`));
  await boss.start();
  await boss.createQueue(QUEUE, { retryLimit: ATTEMPTS_MAX, retryBackoff: true, retryDelay: 5 });
  return boss;
}

const methods = {
  async takeEvents({ databaseUrl }: { databaseUrl: string }): Promise<string> {
    const boss = await start(databaseUrl);
    return takeEvents((event) => boss.send(QUEUE, event));
  },

  async work({
    databaseUrl,
    receiverUrl,
    concurrency,
    batchSize,
  }: {
    databaseUrl: string;
    receiverUrl: string;
    concurrency: number;
    batchSize: number;
  }): Promise<void> {
    const boss = await start(databaseUrl);
    const attempt = createAttempt(databaseUrl, receiverUrl);
    const options = {
      batchSize,
      localConcurrency: concurrency,
      pollingIntervalSeconds: 0.5,
      burstWhenBatchFull: true,
      // One failed webhook must not send the rest of its batch again.
      perJobResults: true,
    } as const;
    await boss.work<RivalEvent, void, typeof options>(QUEUE, options, (jobs) =>
      Promise.all(
        jobs.map(async ({ id, data }) => {
          try {
            await attempt(data);
            return { id, status: "completed" as const };
          } catch (error) {
            return { id, status: "failed" as const, output: { message: String(error) } };
          }
        }),
      ),
    );
  },
} satisfies Methods;

export type PgBossService = typeof methods;

serve(methods);
