/** The dashboard as the sources are now, for a run of tests. */
import { buildDashboard } from "../../src/dashboard-build.ts";

/** @throws when it cannot be built */
export async function currentDashboard(): Promise<void> {
  const built = await buildDashboard();
  if (built.state === "failed") {
    throw new Error(`The dashboard could not be built:\n${built.reason}`);
  }
}
