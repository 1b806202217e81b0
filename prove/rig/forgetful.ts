import type { Settings } from "../../src/storage/embedded/server-process.ts";

/** What makes PostgreSQL fast and forgetful: a commit is answered before it is on disk. */
export const FORGETFUL: Settings = {
  synchronous_commit: "off",
  wal_writer_delay: "10s",
  wal_writer_flush_after: "1GB",
};
