/** Before the first browser test of a run, and only then: the browser it needs, and what it looks at. */
import type { TestProject } from "vitest/node";
import { currentDashboard } from "../current-dashboard.ts";
import { type ProvidedBrowser, provideBrowser, thisMachine } from "./provide-browser.ts";

declare module "vitest" {
  interface ProvidedContext {
    browser: ProvidedBrowser;
  }
}

export async function setup(project: TestProject): Promise<void> {
  const tell = (line: string): void => void process.stderr.write(`${line}\n`);
  await currentDashboard();
  project.provide("browser", await provideBrowser(thisMachine(tell)));
}
