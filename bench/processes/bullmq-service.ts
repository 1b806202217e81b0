/** A rival: BullMQ on Redis, as its documentation shows; API and worker each in a process of its own. */
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { type Methods, serve } from "../harness/child.ts";
import { ATTEMPTS_MAX, createAttempt, type RivalEvent, takeEvents } from "../harness/rival.ts";

const QUEUE = "webhooks";

const methods = {
  async takeEvents({ redisSocket }: { redisSocket: string }): Promise<string> {
    const queue = new Queue<RivalEvent>(QUEUE, { connection: new Redis({ path: redisSocket }) });
    return takeEvents((event) =>
      queue.add(event.eventType, event, {
        attempts: ATTEMPTS_MAX,
        backoff: { type: "exponential", delay: 5_000 },
        removeOnComplete: true,
      }),
    );
  },

  async work({
    redisSocket,
    databaseUrl,
    receiverUrl,
    concurrency,
  }: {
    redisSocket: string;
    databaseUrl: string;
    receiverUrl: string;
    concurrency: number;
  }): Promise<void> {
    const attempt = createAttempt(databaseUrl, receiverUrl);
    const connection = new Redis({ path: redisSocket, maxRetriesPerRequest: null });
    const worker = new Worker<RivalEvent>(QUEUE, (job) => attempt(job.data), {
      connection,
      concurrency,
    });
    worker.on("error", (error) => process.stderr.write(`${error.message}\n`));
    await worker.waitUntilReady();
  },
} satisfies Methods;

export type BullmqService = typeof methods;

serve(methods);
