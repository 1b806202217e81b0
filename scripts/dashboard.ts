/** `npm run dashboard`: builds the dashboard, whether or not it is current. `npm start` builds it when it is not. */
import { buildDashboard } from "../src/dashboard-build.ts";

const built = await buildDashboard({ always: true });
if (built.state === "failed") {
  console.error(`The dashboard could not be built:\n\n${built.reason}`);
  process.exitCode = 1;
} else if (built.state === "built") {
  console.log(`dashboard/dist was built in ${(built.ms / 1000).toFixed(1)} s.`);
}
