/** How the answering node is. It says so without a session, and when its database is gone. */
import type { PartHealth } from "./generated/paths.ts";

/** @throws when no node answers */
export async function readHealth(signal: AbortSignal): Promise<Record<string, PartHealth>> {
  // 503 when a part is unwell: its answer is what is wanted then.
  const response = await fetch("/api/v1/health", { signal, redirect: "error" });
  return (await response.json()) as Record<string, PartHealth>;
}
