import type { Browser } from "playwright-core";
import { buildDashboard } from "../../src/dashboard-build.ts";
import { findBrowser } from "../../test/support/browser/find-browser.ts";
import { logIn, type SessionCookie } from "../../test/support/browser/log-in.ts";
import { launchBrowser, openContext } from "../../test/support/browser/open-context.ts";
import { enablingCommand, thisMachine } from "../../test/support/browser/provide-browser.ts";
import { weighScripts } from "../../test/support/browser/script-weight.ts";
import { type Benchmark, NotHere } from "../benchmark.ts";
import { startProduct } from "../harness/cast.ts";
import { onCleanup } from "../harness/cleanup.ts";
import { addEndpoint, prepareGround } from "../harness/ground.ts";
import { median } from "../harness/statistics.ts";

const PASSWORD = "measured, not guessed";
const KB = 1_000;

interface Visit {
  shownMs: number;
  interactiveMs: number;
  scriptBytes: number;
}

/** With nothing cached: until the page stands, and until it has answered a key. */
async function visit(browser: Browser, url: string, cookie: SessionCookie): Promise<Visit> {
  const context = await openContext(browser, url, {});
  const weigh = weighScripts(context);
  await context.addCookies([cookie]);
  const page = await context.newPage();
  const sinceStart = (): Promise<number> => page.evaluate("performance.now()");
  await page.goto("/dashboard/", { waitUntil: "commit" });
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  await page.locator(".skeleton-wave").first().waitFor({ state: "detached" });
  const shownMs = await sinceStart();
  // What the key loads is no longer the first load.
  const scriptBytes = await weigh();
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  const interactiveMs = await sinceStart();
  await context.close();
  return { shownMs, interactiveMs, scriptBytes };
}

export const dashboard: Benchmark = {
  name: "dashboard",
  does: "a browser with nothing cached opens the overview, until it is there and has answered a key",
  goal: { field: "interactiveMs", better: "lower", must: 1_000, aim: 500 },
  defaults: { runs: 5, endpoints: 20 },
  async run({ sizes, database, progress }) {
    const machine = thisMachine(progress);
    const executablePath = await findBrowser(machine);
    if (executablePath === undefined) throw new NotHere(`No browser: ${enablingCommand(machine)}`);
    const built = await buildDashboard();
    if (built.state === "failed") throw new Error(built.reason);
    const ground = await prepareGround(database);
    for (let number = 0; number < sizes.endpoints; number += 1) {
      await addEndpoint(ground, `http://127.0.0.1:9/hook/${number}`);
    }
    const { url } = await startProduct(ground, { AMPS_ADMIN_PASSWORD: PASSWORD });
    const browser = await launchBrowser(executablePath);
    onCleanup(() => browser.close());
    const cookie = await logIn(url, PASSWORD);
    // The first one has the browser's own start in it.
    await visit(browser, url, cookie);
    const visits: Visit[] = [];
    for (let run = 1; run <= sizes.runs; run += 1) {
      progress(`run ${run} of ${sizes.runs}`);
      visits.push(await visit(browser, url, cookie));
    }
    const shownMs = median(visits.map((one) => one.shownMs));
    const interactiveMs = median(visits.map((one) => one.interactiveMs));
    const scriptKb = median(visits.map((one) => one.scriptBytes)) / KB;
    return {
      rows: [
        { label: "the page is there", value: shownMs, unit: "ms" },
        { label: "it has answered a key", value: interactiveMs, unit: "ms" },
        { label: "script of the first load", value: scriptKb, unit: "kB", note: "by gzip" },
      ],
      fields: { interactiveMs, shownMs, scriptKb },
    };
  },
};
