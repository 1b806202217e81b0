/**
 * The real server with one planted bug: results are stored whatever epoch they were claimed under, as
 * in systems whose leases only advise. For the negative controls only.
 */
import { statements } from "../../src/storage/storage.ts";

const FENCE = " AND l.epoch = r.epoch";

// Declares its statements.
await import("../../src/storage/attempts/record-attempts.ts");
const record = statements.get("record-attempts");
if (record?.text.includes(FENCE) !== true) throw new Error("The fence to take away is not there.");
record.text = record.text.replace(FENCE, "");

await import("../../src/main.ts");
