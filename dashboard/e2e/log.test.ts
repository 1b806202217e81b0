/** The delivery log: seeing what happens, finding what failed, sending it again. */
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { expectAccessible } from "../../test/support/browser/accessibility.ts";
import { test } from "../../test/support/browser/browser-test.ts";
import { startReceiver } from "../../test/support/receiver.ts";
import { call } from "../../test/support/server-process.ts";

async function makeApplication(url: string): Promise<string> {
  const made = await call<{ id: string }>(`${url}/api/v1/app`, { body: { name: "log" } });
  return made.body.id;
}

async function makeEndpoint(app: string, receiver: string, fields: object = {}): Promise<string> {
  const body = { url: receiver, ...fields };
  const made = await call<{ id: string }>(`${app}/endpoint`, { body });
  expect(made.status).toBe(201);
  return made.body.id;
}

async function publish(app: string, eventType = "order.paid", n = 1): Promise<string> {
  const made = await call<{ id: string }>(`${app}/msg`, {
    body: { eventType, payload: { n, note: `needle-${n}` } },
  });
  expect(made.status).toBe(202);
  return made.body.id;
}

const rows = (page: Page) => page.locator("[data-delivery]");
const WAIT = { timeout: 20_000 };

async function untilRows(page: Page, count: number): Promise<void> {
  await expect.poll(() => rows(page).count(), WAIT).toBe(count);
}

test("what happens shows by itself, by filters, and stays put for who reads", async ({
  amps,
  open,
}) => {
  const good = await startReceiver();
  const bad = await startReceiver(() => ({ status: 503 }));
  const appId = await makeApplication(amps.url);
  const app = `${amps.url}/api/v1/app/${appId}`;
  const page = await open();
  await page.goto(`/dashboard/log?app=${appId}`);
  await page.getByRole("link", { name: "Add endpoint" }).waitFor();
  const goodId = await makeEndpoint(app, good.url, { description: "Good one" });
  await makeEndpoint(app, bad.url, { description: "Bad one" });
  await page.reload();
  await page.getByText("No delivery yet").waitFor();
  await page.getByText(`/api/v1/app/${appId}/msg`).waitFor();

  await publish(app);
  await untilRows(page, 2);
  await page
    .getByRole("row", { name: /Bad one.*503/ })
    .getByText("Backing off")
    .waitFor();
  await page
    .getByRole("row", { name: /Good one.*200/ })
    .getByText("Delivered")
    .waitFor();
  await page
    .getByText(/Next attempt in \d/)
    .first()
    .waitFor();

  // Somebody points at a row: nothing moves.
  await rows(page).first().hover();
  await publish(app, "order.sent", 2);
  const pill = page.getByRole("button", { name: /^\d new deliver/ });
  await expect.poll(() => pill.textContent(), WAIT).toBe("2 new deliveries");
  expect(await rows(page).count()).toBe(2);
  await pill.click();
  await untilRows(page, 4);

  await page.getByRole("group", { name: "Status" }).getByText("Failing").click();
  await untilRows(page, 2);
  expect(page.url()).toContain("status=failing");
  await page.getByLabel("Search payloads").fill("needle-2");
  await page.keyboard.press("Enter");
  await untilRows(page, 1);
  await page.reload();
  await untilRows(page, 1);
  await page.getByLabel("Code", { exact: true }).fill("404");
  await page.keyboard.press("Enter");
  await page.getByText("Nothing matches").waitFor();
  await page.getByRole("button", { name: "Clear filters" }).last().click();
  await untilRows(page, 4);
  await page.getByRole("combobox", { name: "Endpoint" }).selectOption(goodId);
  await untilRows(page, 2);
  await good.close();
  await bad.close();
});

test("selected deliveries are sent again with the keyboard, and all that failed is recovered", async ({
  amps,
  open,
}) => {
  let status = 500;
  const receiver = await startReceiver(() => ({
    status,
    headers: { "webhook-delivery": "abort-message" },
  }));
  const appId = await makeApplication(amps.url);
  const app = `${amps.url}/api/v1/app/${appId}`;
  await makeEndpoint(app, receiver.url, { description: "Only one" });
  for (let n = 1; n <= 3; n += 1) await publish(app, "order.paid", n);
  await receiver.nth(3);
  const page = await open();
  await page.goto(`/dashboard/log?app=${appId}&status=exhausted`);
  await untilRows(page, 3);

  await page.keyboard.press("j");
  await page.keyboard.press("x");
  await page.keyboard.press("j");
  await page.keyboard.press("x");
  await page.getByText("2 selected").waitFor();
  status = 200;
  await page.keyboard.press("r");
  await receiver.nth(5);
  await page.getByText("2 deliveries sent again").waitFor();
  // Two rows, and the filter of that name.
  await expect.poll(() => page.getByText("Delivered", { exact: true }).count(), WAIT).toBe(3);

  await page.getByRole("button", { name: "Recover failed" }).click();
  await page.getByRole("button", { name: "Recover", exact: true }).click();
  await page.getByText("1 event sent.").waitFor();
  await receiver.nth(6);
  await page.getByRole("button", { name: "Close" }).last().click();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "order.paid" }).waitFor();
  await receiver.close();
});

test.for(["light", "dark"] as const)("the log is accessible, %s", async (theme, { amps, open }) => {
  const receiver = await startReceiver(() => ({ status: 503 }));
  const appId = await makeApplication(amps.url);
  const app = `${amps.url}/api/v1/app/${appId}`;
  await makeEndpoint(app, receiver.url);
  await publish(app);
  await receiver.nth(1);
  const page = await open({ theme });
  await page.goto(`/dashboard/log?app=${appId}`);
  await page.getByText("Backing off", { exact: true }).last().waitFor();
  await page.getByRole("checkbox", { name: /^Select order/ }).click();
  await page.getByText("1 selected").waitFor();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Recover failed" }).click();
  await page.getByLabel("Failed since").waitFor();
  await expectAccessible(page);
  await receiver.close();
});
