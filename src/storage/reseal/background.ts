/** Seals anew while the server works: nothing waits for it, and a stop leaves the rest to the next start. */
import type { Log } from "../../core/types.ts";
import type { Storage } from "../storage.ts";
import { reseal } from "./reseal.ts";

/** @returns how to stop it */
export function startResealing(storage: Storage, log: Log): () => Promise<void> {
  if (storage.vault.fingerprints.length === 1) return () => Promise.resolve();
  let stopping = false;
  const run = async (): Promise<void> => {
    try {
      const { count, done } = await reseal(storage, () => !stopping);
      if (!done) return;
      const said = "Everything is sealed with the current master key; AMPS_MASTER_KEY_OLD may go.";
      log.warn({ rows: count, fingerprint: storage.vault.fingerprint }, said);
    } catch (error) {
      const said = "Sealing anew failed; keep AMPS_MASTER_KEY_OLD and start again to go on.";
      log.error({ err: error }, said);
    }
  };
  const resealing = run();
  return async () => {
    stopping = true;
    await resealing;
  };
}
