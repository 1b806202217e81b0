/** The application as it is stored, for the operations beside this file. */
import type { UnixMs } from "../../core/types.ts";

export interface Application {
  applicationId: string;
  uid: string | null;
  name: string;
  throttleRate: number | null;
  /** JSON text: a map of strings. */
  metadata: string;
  createdAt: UnixMs;
  updatedAt: UnixMs;
}

export type ApplicationFields = Omit<Application, "applicationId" | "createdAt" | "updatedAt">;

export const APPLICATION_COLUMNS =
  "application_id, uid, name, throttle_rate, metadata, created_at, updated_at";

export interface ApplicationRow {
  [column: string]: unknown;
  application_id: string;
  uid: string | null;
  name: string;
  throttle_rate: number | null;
  metadata: string;
  created_at: UnixMs;
  updated_at: UnixMs;
}

export function toApplication(row: ApplicationRow): Application {
  return {
    applicationId: row.application_id,
    uid: row.uid,
    name: row.name,
    throttleRate: row.throttle_rate,
    metadata: row.metadata,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
