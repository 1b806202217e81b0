/**
 * The real server with one planted bug: a bucket that was free when it looked is taken although a peer
 * has acquired it since, as by `NOT EXISTS … FOR UPDATE SKIP LOCKED` alone. It looks 300 ms early, so that
 * nodes which join together meet. For the negative controls only.
 */
import { plant } from "./plant.ts";

await import("../../src/storage/nodes/leases.ts");
plant("acquire-buckets", "USING (bucket, epoch)", "USING (bucket)");
plant(
  "acquire-buckets",
  "WHERE kind = $2",
  "WHERE kind = $2 AND (SELECT pg_sleep(0.3)) IS NOT NULL",
);

await import("../../src/main.ts");
