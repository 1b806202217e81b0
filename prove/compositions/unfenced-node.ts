/**
 * The real server with one planted bug: results are stored whatever epoch they were claimed under, as
 * in systems whose leases only advise. For the negative controls only.
 */
import { plant } from "./plant.ts";

await import("../../src/storage/attempts/record-attempts.ts");
plant("record-attempts", " AND l.epoch = k.epoch", "");

await import("../../src/main.ts");
