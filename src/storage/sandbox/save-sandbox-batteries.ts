/** Writes what simulated batteries remember: each physical write counts, and none is lost to another. */
import { statement, type Storage } from "../storage.ts";
import type { SandboxBattery } from "./load-sandbox-batteries.ts";

// Compare-and-set on the number of writes: who built on an older memory has to read it again.
const SAVE = statement(
  "save-sandbox-batteries",
  `INSERT INTO sandbox_battery (device_id, memory, writes)
   SELECT device_id, memory, writes FROM unnest($1::text[], $2::text[], $3::bigint[])
     AS b(device_id, memory, writes)
   ORDER BY device_id
   ON CONFLICT (device_id) DO UPDATE SET memory = excluded.memory, writes = excluded.writes
     WHERE sandbox_battery.writes = excluded.writes - 1
   RETURNING device_id`,
);

/**
 * @param batteries each with the new memory and one write more than it was built on
 * @returns per battery, in order, whether it was written
 */
export async function saveSandboxBatteries(
  storage: Storage,
  batteries: SandboxBattery[],
): Promise<boolean[]> {
  // One statement cannot write a row twice; of two writers in a batch the second lost the race.
  const first = new Map<string, SandboxBattery>();
  for (const battery of batteries) {
    if (!first.has(battery.deviceId)) first.set(battery.deviceId, battery);
  }
  const rows = [...first.values()];
  const saved = await storage.query<{ device_id: string }>(SAVE, [
    rows.map((row) => row.deviceId),
    rows.map((row) => row.memory),
    rows.map((row) => row.writes),
  ]);
  const savedIds = new Set(saved.map((row) => row.device_id));
  return batteries.map(
    (battery) => savedIds.has(battery.deviceId) && first.get(battery.deviceId) === battery,
  );
}
