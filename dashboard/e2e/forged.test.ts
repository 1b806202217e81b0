/** What other sites can do with the session of a person who visits them: nothing. */
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { test } from "../../test/support/browser/browser-test.ts";
import { type Receiver, startReceiver } from "../../test/support/receiver.ts";
import { call } from "../../test/support/server-process.ts";

const MESSAGE = JSON.stringify({ eventType: "forged.event", payload: {} });

/** Another site on the same host: to cookies the same site, to the dashboard a stranger. */
function startEvilSite(html: string): Promise<Receiver> {
  return startReceiver(() => ({ headers: { "content-type": "text/html" }, body: html }));
}

async function post(page: Page, url: string, init: object): Promise<string> {
  const sent = JSON.stringify({ method: "POST", credentials: "include", body: MESSAGE, ...init });
  const script = `fetch(${JSON.stringify(url)}, ${sent}).then(({ status }) => "" + status, () => "blocked")`;
  return await page.evaluate(script);
}

const messages = async (url: string): Promise<number> => {
  const listed = await call<{ data: unknown[] }>(`${url}/api/v1/app/default/msg`);
  return listed.body.data.length;
};

test("a write without the page's own token is refused", async ({ amps, open }) => {
  const page = await open();
  page.watch.expect(/^403 POST /);
  await page.goto("/dashboard/");
  await page.getByRole("heading", { level: 1 }).waitFor();
  const json = { "content-type": "application/json", "amps-environment": "sandbox" };
  for (const path of ["/api/v1/app/default/msg", "/api/v1/dashboard/logout"]) {
    expect(await post(page, path, { headers: json })).toBe("403");
    const wrong = { ...json, "amps-csrf-token": "A".repeat(43) };
    expect(await post(page, path, { headers: wrong })).toBe("403");
  }
  expect(await messages(amps.url)).toBe(0);
});

test("another site can neither write, read, log out nor log in", async ({ amps, open }) => {
  const page = await open();
  // Whatever it is refused with, the browser tells on the console.
  page.watch.expect(/./);
  const site = await startEvilSite("<!doctype html><title>Win</title>");
  await page.goto(site.url);
  const target = `${amps.url}/api/v1/app/default/msg`;
  const plain = { "content-type": "text/plain" };
  await post(page, target, { mode: "no-cors", headers: plain });
  await post(page, `${amps.url}/api/v1/dashboard/logout`, { mode: "no-cors", headers: plain });
  const json = { "content-type": "application/json", "amps-environment": "sandbox" };
  expect(await post(page, target, { headers: json })).toBe("blocked");
  const read = `fetch(${JSON.stringify(`${amps.url}/api/v1/dashboard/session`)}, {
    credentials: "include" }).then((answer) => answer.text(), () => "blocked")`;
  expect(await page.evaluate(read)).toBe("blocked");
  const password = JSON.stringify({ password: amps.password });
  const login = `${amps.url}/api/v1/dashboard/login`;
  await post(page, login, { mode: "no-cors", headers: plain, body: password });

  expect(await messages(amps.url)).toBe(0);
  await page.goto("/dashboard/");
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  await site.close();
});

test("another site cannot show the dashboard in a frame", async ({ amps, open }) => {
  const page = await open();
  page.watch.expect(/frame-ancestors|ERR_BLOCKED_BY_RESPONSE/);
  const frame = `<iframe src="${amps.url}/dashboard/" title="bait"></iframe>`;
  const site = await startEvilSite(`<!doctype html><title>Win</title>${frame}`);
  await page.goto(site.url, { waitUntil: "load" });
  const inside = page.frames().find((one) => one !== page.mainFrame());
  expect(inside?.url() ?? "").not.toContain("/dashboard/");
  expect(await inside?.locator("#root").count()).toBe(0);
  await site.close();
});
