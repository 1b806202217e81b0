/** API keys, the event catalogue and the system, as an operator goes through them. */
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { expectAccessible } from "../../test/support/browser/accessibility.ts";
import { test } from "../../test/support/browser/browser-test.ts";
import { call } from "../../test/support/server-process.ts";

const APP = "/api/v1/app/default";

async function statusWith(key: string, url: string, body?: object): Promise<number> {
  const headers = { authorization: `Bearer ${key}` };
  return (await call(url, { headers, ...(body !== undefined && { body }) })).status;
}

async function createKey(page: Page, name: string): Promise<string> {
  await page.getByRole("button", { name: "Create a key" }).click();
  await page.getByLabel("Name").fill(name);
  await page.getByRole("radio", { name: "Read only" }).check();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Create the key" }).click();
  const shown = page.getByRole("dialog", { name: `The key of ${name}` });
  const key = (await shown.getByLabel("The key", { exact: true }).textContent()) ?? "";
  await shown.getByText(`Bearer ${key}`).waitFor();
  return key;
}

test.for(["light", "dark"] as const)(
  "a key is made, shown once, works as far as it may, and is revoked by its name, %s",
  async (theme, { amps, open }) => {
    const page = await open({ theme });
    const name = `billing ${theme}`;
    await page.goto("/dashboard/keys");
    await page.getByText("From the configuration").waitFor();
    await expectAccessible(page);
    const key = await createKey(page, name);
    await expectAccessible(page);
    expect(await statusWith(key, `${amps.url}${APP}`)).toBe(200);
    const message = { eventType: "push.completed", payload: {} };
    expect(await statusWith(key, `${amps.url}${APP}/msg`, message)).toBe(403);

    // Nobody loses it by a press on Escape.
    await page.keyboard.press("Escape");
    await page.getByText(/nobody can show the key again/).waitFor();
    await page.getByLabel("I have kept the key where it is safe").check();
    await page.getByRole("button", { name: "Done" }).click();
    const row = page.getByRole("row").filter({ hasText: name });
    await row.getByText(`…${key.slice(-4)}`).waitFor();
    await row.getByText("Read only").waitFor();
    expect(await page.content()).not.toContain(key);

    await row.getByRole("button", { name: `Revoke ${name}` }).click();
    const revoke = page.getByRole("button", { name: "Revoke the key" });
    expect(await revoke.isDisabled()).toBe(true);
    await page.getByLabel(`Type ${name} to confirm`).fill(name);
    await expectAccessible(page);
    await revoke.click();
    await page.getByText(`${name} is revoked`).waitFor();
    await row.waitFor({ state: "detached" });
    expect(await statusWith(key, `${amps.url}${APP}`)).toBe(401);
  },
);

test("an event type is made with a schema from its example, sent, changed, archived and back", async ({
  amps,
  open,
  receiver,
}) => {
  await call(`${amps.url}${APP}/endpoint`, {
    body: { url: receiver.url, description: "Ledger", filterTypes: ["push.completed"] },
  });
  await call(`${amps.url}${APP}/endpoint`, { body: { url: receiver.url, description: "Archive" } });
  const page = await open();
  await page.goto("/dashboard/event-types");
  await page.getByRole("link", { name: "push.completed" }).waitFor();
  await page.getByRole("button", { name: "New event type" }).click();
  await page.getByLabel("Name").fill("invoice.paid");
  await page.getByLabel("Description").fill("An invoice was paid; `paid` says how much.");
  await page.getByLabel("Example body").fill("{ not json");
  await page.getByText(/The example is not JSON/).waitFor();
  await page.getByLabel("Example body").fill('{ "invoiceId": "inv_1", "paid": 12.5 }');
  await page.getByRole("button", { name: "Make a schema from the example" }).click();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Create", exact: true }).click();

  await page.getByRole("heading", { level: 1, name: "invoice.paid" }).waitFor();
  await page.getByText("number", { exact: true }).waitFor();
  await page.getByRole("link", { name: "Archive" }).waitFor();
  expect(await page.getByRole("link", { name: "Ledger" }).count()).toBe(0);
  await page.getByRole("button", { name: "Send example" }).click();
  const dialog = page.getByRole("dialog", { name: "Send an example" });
  await dialog.getByRole("button", { name: "Send", exact: true }).click();
  await dialog.getByText("Success").waitFor();
  const request = await receiver.nth(1);
  expect(JSON.parse(request.body.toString())).toMatchObject({ invoiceId: "inv_1" });
  await dialog.getByRole("button", { name: "Close" }).first().click();

  await page.getByRole("button", { name: "Edit" }).click();
  await page.getByLabel("Description").fill("Somebody has paid.");
  await page.getByLabel("Deprecated").check();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Somebody has paid.").waitFor();
  await page.getByText("Deprecated", { exact: true }).waitFor();

  await page.getByRole("button", { name: "Archive …" }).click();
  await page.getByRole("button", { name: "Archive", exact: true }).click();
  await page.getByText("invoice.paid is archived").waitFor();
  await page.getByRole("button", { name: "Bring back" }).waitFor();
  await page.goto("/dashboard/event-types");
  await page.getByRole("link", { name: "push.completed" }).waitFor();
  expect(await page.getByRole("link", { name: "invoice.paid" }).count()).toBe(0);
  await page.getByLabel("Archived too (1)").check();
  expect(page.url()).toContain("archived=true");
  await page.getByRole("link", { name: "invoice.paid" }).click();
  await page.getByRole("button", { name: "Bring back" }).click();
  await page.getByRole("button", { name: "Archive …" }).waitFor();
});

test("the system says how it is; when it does not answer, its health does", async ({ open }) => {
  const page = await open({ theme: "dark" });
  await page.goto("/dashboard/system");
  await page.getByText("All is well").waitFor();
  await page.getByText("It answers and takes writes.").waitFor();
  await page.getByText("64 of 64").first().waitFor();
  await page.getByText(/^PostgreSQL \d+/).waitFor();
  await page.getByText("90 days").waitFor();
  await expectAccessible(page);

  page.watch.expect(/^503 GET \/api\/v1\/(system|health)$/);
  await page.route("**/api/v1/system", (route) =>
    route.fulfill({ status: 503, json: { code: "unavailable", detail: "It is away." } }),
  );
  await page.route("**/api/v1/health", (route) =>
    route.fulfill({
      status: 503,
      json: { database: { status: "error", detail: "Start the database." } },
    }),
  );
  await page.getByText("The system does not answer as it should").waitFor();
  await page.getByText("Start the database.").waitFor();
  await expectAccessible(page);
});
