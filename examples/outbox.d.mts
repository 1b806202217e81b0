import type { Pool } from "pg";
import type { Svix } from "svix";

/** Publishes what waits, oldest first, at most `rowsMax` (100). Resolves with how many rows. */
export function publishOutbox(pool: Pool, svix: Svix, rowsMax?: number): Promise<number>;
