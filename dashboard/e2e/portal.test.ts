/** The portal: one application, opened by a link, as far as its token may, in the frames that may hold it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "vitest";
import { expectAccessible } from "../../test/support/browser/accessibility.ts";
import { type Amps, test as plainTest } from "../../test/support/browser/browser-test.ts";
import { type Receiver, startReceiver } from "../../test/support/receiver.ts";
import { call, startServerProcess } from "../../test/support/server-process.ts";

const APP = "/api/v1/app/default";

/** Somebody's site with a frame; the frame's address is in its query. */
function startHost(): Promise<Receiver> {
  return startReceiver(({ url }) => ({
    headers: { "content-type": "text/html" },
    body: `<!doctype html><html lang="en"><title>Host</title><main><h1>Host</h1>
      <iframe title="Webhooks" width="900" height="600" src="${decodeURIComponent(url.split("?")[1] ?? "about:blank")}"></iframe></main></html>`,
  }));
}

const test = plainTest
  .extend("host", { scope: "file" }, async ({}, { onCleanup }) => {
    const host = await startHost();
    onCleanup(() => host.close());
    return host;
  })
  .override("amps", { scope: "file" }, async ({ host }, { onCleanup }): Promise<Amps> => {
    const dataDir = await mkdtemp(path.join(tmpdir(), "amps-portal-"));
    const password = "correct horse battery";
    const env = { AMPS_ADMIN_PASSWORD: password, AMPS_PORTAL_EMBED: host.url };
    const server = await startServerProcess({ dataDir, env });
    onCleanup(async () => {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    });
    return { ...server, dataDir, password };
  })
  .extend("endpointId", { scope: "file" }, async ({ amps }) => {
    const body = { url: "https://receiver.example/hooks", description: "Ledger" };
    return (await call<{ id: string }>(`${amps.url}${APP}/endpoint`, { body })).body.id;
  });

async function linkTo({ url }: Amps, body: object = {}): Promise<string> {
  const answer = await call<{ url: string }>(`${url}/api/v1/auth/app-portal-access/default`, {
    body,
  });
  return answer.body.url;
}

test("the link opens one application, and its token leaves the address and stays in the tab", async ({
  amps,
  open,
  endpointId,
}) => {
  const page = await open({ stranger: true });
  await page.goto(await linkTo(amps));
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  expect(page.url()).toBe(`${amps.url}/portal/`);
  expect(await page.evaluate("localStorage.length")).toBe(0);
  expect(await page.context().cookies()).toEqual([]);
  await page.getByText("Live updates").waitFor();
  await expectAccessible(page);
  const navigation = page.getByRole("navigation", { name: "Main" });
  expect(await navigation.getByRole("link", { name: /API keys|System|Devices/ }).count()).toBe(0);

  await navigation.getByRole("link", { name: "Endpoints" }).click();
  await page.getByRole("link", { name: "Add endpoint" }).waitFor();
  await page.getByRole("link", { name: /Ledger/ }).click();
  await page.getByRole("button", { name: "Pause" }).waitFor();
  await page.getByRole("tab", { name: "Settings" }).waitFor();
  await page.getByRole("tab", { name: "Signing secret" }).waitFor();
  // Only the organisation sends examples.
  expect(await page.getByRole("button", { name: /Send (an )?example/ }).count()).toBe(0);
  expect(page.url()).toContain(endpointId);
  await page.reload();
  await page.getByRole("tab", { name: "Settings" }).waitFor();

  await page.goto("/portal/keys");
  await page.getByText("There is no such page").waitFor();
  await page.goto("/portal/event-types");
  await page.getByRole("link", { name: "push.completed" }).click();
  await page.getByRole("heading", { level: 1, name: "push.completed" }).waitFor();
  expect(await page.getByRole("button", { name: /Edit|Archive/ }).count()).toBe(0);
});

test("a token that only views is offered nothing that it would be refused", async ({
  amps,
  open,
  endpointId,
}) => {
  const page = await open({ stranger: true, theme: "dark", width: "narrow" });
  await page.goto(await linkTo(amps, { capabilities: ["ViewBase"] }));
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  await page.goto("/portal/endpoints");
  await page.getByRole("link", { name: /Ledger/ }).waitFor();
  expect(await page.getByRole("link", { name: "Add endpoint" }).count()).toBe(0);
  await expectAccessible(page);
  await page.goto("/portal/endpoints/new");
  await page.getByText("There is no such page").waitFor();
  await page.goto(`/portal/endpoints/${endpointId}?tab=settings`);
  await page.getByRole("tab", { name: "Deliveries" }).waitFor();
  const forbidden = page
    .getByRole("button", { name: /Pause|Enable|Rotate|Delete|Save/ })
    .or(page.getByRole("tab", { name: /Signing|Settings/ }));
  expect(await forbidden.count()).toBe(0);
});

test("who may see the secret may not rotate it for that", async ({ amps, open, endpointId }) => {
  const page = await open({ stranger: true });
  await page.goto(await linkTo(amps, { capabilities: ["ViewBase", "ViewEndpointSecret"] }));
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  await page.goto(`/portal/endpoints/${endpointId}?tab=signing`);
  await page.getByRole("button", { name: "Copy as export" }).waitFor();
  expect(await page.getByRole("button", { name: /Rotate/ }).count()).toBe(0);
});

test("a link that was ended says what to do, and another one in the same tab works", async ({
  amps,
  open,
}) => {
  const page = await open({ stranger: true });
  page.watch.expect(/^401 /);
  await page.goto(await linkTo(amps, { sessionId: "ended" }));
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  await call(`${amps.url}/api/v1/auth/app/default/expire-all`, {
    body: { sessionIds: ["ended"] },
  });
  await page.getByRole("link", { name: "Endpoints" }).click();
  await page.getByText("This link has expired").waitFor();
  await expectAccessible(page);
  expect(await page.evaluate("sessionStorage.length")).toBe(0);
  await page.goto(await linkTo(amps));
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
});

test.for(["light", "dark"] as const)("without a link it says so, %s", async (theme, { open }) => {
  const page = await open({ stranger: true });
  page.watch.expect(/opened by a link/);
  await page.goto(`/portal/?theme=${theme}`);
  await page.getByRole("heading", { name: "This page is opened by a link" }).waitFor();
  expect(await page.locator("html").getAttribute("data-theme")).toBe(theme);
  await expectAccessible(page);
});

test("an allowed site frames the portal, another may not, and nobody the dashboard", async ({
  amps,
  host,
  open,
}) => {
  const page = await open({ stranger: true });
  const frame = page.frameLocator("iframe");
  await page.goto(`${host.url}/?${encodeURIComponent(await linkTo(amps))}`);
  await frame.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  await frame.getByRole("button", { name: "Open the menu" }).click();
  await frame.getByRole("link", { name: "Event types" }).click();
  await frame.getByRole("link", { name: "push.completed" }).waitFor();

  page.watch.expect(/frame-ancestors|ERR_BLOCKED_BY_RESPONSE/);
  const refused = async (site: string, address: string): Promise<void> => {
    const told = page.waitForEvent("console", (said) => said.text().includes("frame-ancestors"));
    await page.goto(`${site}/?${encodeURIComponent(address)}`);
    await told;
  };
  await refused(host.url, `${amps.url}/dashboard/`);
  const other = await startHost();
  await refused(other.url, await linkTo(amps));
  expect(await frame.getByRole("heading", { level: 1 }).count()).toBe(0);
  await other.close();
});
