/** Reads what simulated batteries remember; the text is theirs, nothing here looks inside. */
import { statement, type Storage } from "../storage.ts";

export interface SandboxBattery {
  deviceId: string;
  memory: string;
  /** Physical writes so far; also the version that the next write builds on. */
  writes: number;
}

const LOAD = statement(
  "load-sandbox-batteries",
  "SELECT device_id, memory, writes FROM sandbox_battery WHERE device_id = ANY ($1::text[])",
);

/** @returns only batteries that were written before */
export async function loadSandboxBatteries(
  storage: Storage,
  deviceIds: string[],
): Promise<Map<string, SandboxBattery>> {
  const rows = await storage.query<{ device_id: string; memory: string; writes: number }>(LOAD, [
    deviceIds,
  ]);
  return new Map(
    rows.map((row) => [
      row.device_id,
      { deviceId: row.device_id, memory: row.memory, writes: row.writes },
    ]),
  );
}
