/** The tests' own eyes: a page that does everything wrong is seen to, under the dashboard's policy. */
import { expect } from "vitest";
import { expectAccessible } from "../../test/support/browser/accessibility.ts";
import { test } from "../../test/support/browser/browser-test.ts";
import { watchContext } from "../../test/support/browser/watch.ts";
import { startReceiver } from "../../test/support/receiver.ts";

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
  "connect-src 'self'; require-trusted-types-for 'script'";
const PAGE = `<!doctype html><html lang="en"><title>Wrong</title><main><h1>Wrong</h1>
  <p style="color: #ccc">styled inline</p><img src="data:,"></main><script src="/wrong.js"></script></html>`;
const SCRIPT = `
  console.error("said by the page");
  fetch("/missing");
  fetch("/reset").catch(() => undefined);
  fetch("https://elsewhere.example/").catch(() => undefined);
  try { document.body.insertAdjacentHTML("beforeend", "<b>markup</b>"); } catch {}
  const given = new AbortController();
  fetch("/hang", { signal: given.signal }).catch(() => undefined);
  given.abort();
  setTimeout(() => { throw new Error("nobody caught this"); });`;

test("every way of being wrong is noted, what was expected is not", async ({ browser }) => {
  const site = await startReceiver(({ url }) => {
    if (url === "/wrong.js")
      return { headers: { "content-type": "text/javascript" }, body: SCRIPT };
    if (url === "/reset") return { reset: true };
    if (url === "/hang") return { hang: true };
    if (url !== "/") return { status: 404 };
    const headers = { "content-type": "text/html", "content-security-policy": POLICY };
    return { headers, body: PAGE };
  });
  const context = await browser.newContext();
  const watch = await watchContext(context);
  const page = await context.newPage();
  await page.goto(site.url);
  const complete = [
    /^console error: said by the page/,
    /^404 GET \/missing$/,
    /^failed: GET .*\/reset: net::ERR_/,
    /^console error: CSP violation: style-src-attr inline/,
    /^console error: CSP violation: connect-src https:\/\/elsewhere/,
    /^console error: CSP violation: require-trusted-types-for/,
    /^uncaught: nobody caught this$/,
  ];
  for (const pattern of complete) {
    await expect
      .poll(() => watch.problems(), { timeout: 15_000 })
      .toContainEqual(expect.stringMatching(pattern));
  }
  expect(watch.problems().join("\n")).not.toContain("/hang");
  watch.expect(/^404 GET \/missing$/);
  expect(watch.problems().join("\n")).not.toContain("404");

  const before = watch.problems().length;
  const accessible = await expectAccessible(page).catch((error: Error) => error.message);
  expect(accessible).toContain("image-alt: Images must have alternative text");
  expect(watch.problems().length, "axe itself violates nothing").toBe(before);
  await context.close();
  await site.close();
});
