/**
 * `test` for browser tests: a real server with the embedded database and one browser for the file, a
 * fresh context for each test, logged in unless it is a stranger's. A test fails by itself when a page did something wrong (`watch.ts`).
 *
 *   test("…", async ({ amps, open }) => {
 *     const page = await open({ theme: "dark" });
 *     await page.goto("/dashboard/");
 *     await page.getByRole("link", { name: "Endpoints" }).click();
 *     await expectAccessible(page);
 *   });
 *
 * Locators wait by themselves; `expect.poll(() => page.url()).toContain(…)` waits for the rest. Code
 * for the page is a string: types of the DOM belong to the dashboard alone.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Browser, Page } from "playwright-core";
import { beforeEach, expect, inject, test as plainTest } from "vitest";
import { type Receiver, startReceiver } from "../receiver.ts";
import { type ServerProcess, startServerProcess } from "../server-process.ts";
import { logIn, type SessionCookie } from "./log-in.ts";
import { type ContextOptions, launchBrowser, openContext } from "./open-context.ts";
import { type Watch, watchContext } from "./watch.ts";

/** A page, and what went wrong on it so far. */
export type WatchedPage = Page & { watch: Watch };

const FAILURES = path.resolve(import.meta.dirname, "../../../.amps/browser-failures");

// Registered for the file that imports this: without a browser no fixture is made, no server started.
beforeEach(({ skip }) => {
  const browser = inject("browser");
  if ("executablePath" in browser) return;
  if (browser.maySkip) skip(browser.missing);
  throw new Error(browser.missing);
});

/** A server of the file's own, and how to get in. */
export interface Amps extends ServerProcess {
  dataDir: string;
  password: string;
}

async function startAmps(): Promise<{ amps: Amps; stop: () => Promise<void> }> {
  const dataDir = await mkdtemp(path.join(tmpdir(), "amps-browser-"));
  const password = "correct horse battery";
  const server = await startServerProcess({ dataDir, env: { AMPS_ADMIN_PASSWORD: password } });
  const stop = async (): Promise<void> => {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  return { amps: { ...server, dataDir, password }, stop };
}

interface TestContextOptions extends ContextOptions {
  /** Not logged in; the pages' question who is there is refused, as it must be. */
  stranger?: boolean;
}

type Open = (options?: TestContextOptions) => Promise<WatchedPage>;

export const test = plainTest
  .extend("browser", { scope: "file" }, async ({}, { onCleanup }): Promise<Browser> => {
    const provided = inject("browser");
    if ("missing" in provided) throw new Error(provided.missing);
    const browser = await launchBrowser(provided.executablePath);
    onCleanup(() => browser.close());
    return browser;
  })
  .extend("amps", { scope: "file" }, async ({}, { onCleanup }): Promise<Amps> => {
    const { amps, stop } = await startAmps();
    onCleanup(stop);
    return amps;
  })
  .extend(
    "cookie",
    { scope: "file" },
    async ({ amps }): Promise<SessionCookie> => await logIn(amps.url, amps.password),
  )
  .extend("receiver", { scope: "file" }, async ({}, { onCleanup }): Promise<Receiver> => {
    const receiver = await startReceiver();
    onCleanup(() => receiver.close());
    return receiver;
  })
  .extend(
    "open",
    async ({ browser, amps, cookie, task, onTestFailed }, { onCleanup }): Promise<Open> => {
      const pages: WatchedPage[] = [];
      onTestFailed(async () => {
        for (const [n, page] of pages.entries()) {
          const name = `${task.name}-${n}`.replaceAll(/[^A-Za-z0-9]+/g, "-");
          await page
            .screenshot({ path: path.join(FAILURES, `${name}.png`) })
            .catch(() => undefined);
        }
      });
      onCleanup(async () => {
        const problems = pages.flatMap((page) => page.watch.problems());
        await Promise.all(pages.map((page) => page.context().close()));
        expect(problems, "what the pages did wrong").toEqual([]);
      });
      return async (options = {}) => {
        const context = await openContext(browser, amps.url, options);
        const watch = await watchContext(context);
        if (options.stranger === true) watch.expect(/^401 GET \/api\/v1\/dashboard\/session$/);
        else await context.addCookies([cookie]);
        const page = Object.assign(await context.newPage(), { watch });
        pages.push(page);
        return page;
      };
    },
  );
