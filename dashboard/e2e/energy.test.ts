/** Batteries and actions, as a person uses them: push by clicking, watch it end and be delivered. */
import type { Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";
import { findEmbedded } from "../../src/storage/embedded/find-embedded.ts";
import { addDevice } from "../../test/battery/battery-node.ts";
import { expectAccessible } from "../../test/support/browser/accessibility.ts";
import { type Amps, test } from "../../test/support/browser/browser-test.ts";
import { sql } from "../../test/support/factories.ts";
import { startReceiver } from "../../test/support/receiver.ts";
import { call } from "../../test/support/server-process.ts";
import { openStorage } from "../../test/support/test-node.ts";

interface Battery {
  id: string;
  name: string;
}

async function batteries({ url }: Amps): Promise<Battery[]> {
  return (await call<{ data: Battery[] }>(`${url}/battery`)).body.data;
}

/** For this test. */
async function addEndpoint({ url }: Amps, receiver: string): Promise<void> {
  const endpoint = `${url}/api/v1/app/default/endpoint`;
  const { body } = await call<{ id: string }>(endpoint, { body: { url: receiver } });
  onTestFinished(async () => void (await call(`${endpoint}/${body.id}`, { method: "DELETE" })));
}

async function actionsOf({ url }: Amps, { id }: Battery): Promise<{ id: string; state: string }[]> {
  const listed = await call<{ data: { id: string; state: string }[] }>(
    `${url}/battery/${id}/actions`,
  );
  return listed.body.data;
}

const push = (page: Page) => page.getByRole("button", { name: "Push", exact: true });
/** Beside its slider. */
const field = (page: Page, label: string) =>
  page.getByRole("textbox", { name: new RegExp(`^${label}`) });
const timeline = (page: Page) => page.getByRole("list", { name: "What happened" });

test("a person pushes an action by clicking and watches it being delivered, in one view", async ({
  amps,
  open,
  receiver,
}) => {
  await addEndpoint(amps, receiver.url);
  const [, battery = { id: "", name: "" }] = await batteries(amps);
  const page = await open();
  await page.goto("/dashboard/");
  await page.getByRole("link", { name: "Devices", exact: true }).click();
  await page.getByRole("link", { name: `Push an action to ${battery.name}` }).click();
  await page.getByRole("radio", { name: /^Charge/ }).check();
  await field(page, "Target").fill("95");
  await field(page, "Power").fill("2.5");
  // Whoever is impatient pushes once.
  await push(page).dblclick();
  await page.getByRole("heading", { level: 1, name: "Charge to 95 %, at most 2.5 kW" }).waitFor();
  await page.getByText("Delivered to 1 endpoint").waitFor();
  const request = await receiver.nth(1);
  const actions = await actionsOf(amps, battery);
  expect(actions).toHaveLength(1);
  expect(JSON.parse(request.body.toString())).toMatchObject({
    actionId: actions[0]?.id,
    parameters: { mode: "charge", target: { value: 95, unit: "percent" } },
  });
  const message = page.getByRole("link", { name: "Open the message" });
  expect(await message.getAttribute("href")).toContain(String(request.headers["svix-id"]));
  expect(await timeline(page).textContent()).toContain("Answered 200");
  await expectAccessible(page);
});

test("a failure is forced, said in words, and its retry counts down", async ({ amps, open }) => {
  const broken = await startReceiver(() => ({ status: 503 }));
  await addEndpoint(amps, broken.url);
  const [battery = { id: "", name: "" }] = await batteries(amps);
  const page = await open({ theme: "dark" });
  await page.goto(`/dashboard/actions/new?device=${battery.id}`);
  await page.getByText("Discharge", { exact: true }).click();
  await page.getByText("Fails", { exact: true }).click();
  await page.getByLabel("Error code").selectOption("SCHEDULER_ACTIVE");
  await field(page, "After").fill("soon");
  await push(page).click();
  page.watch.expect(/^422 POST \/battery\//);
  await page.getByText("sandbox.delay is a time from 0s to 1h").waitFor();
  await field(page, "After").fill("1s");
  await expectAccessible(page);
  await push(page).click();
  await page.getByText("A schedule of the battery is in control").waitFor();
  await page.getByText("Clear the schedule").waitFor();
  await page.getByText("Delivered to 0 of 1 endpoint").waitFor();
  await page.getByText("Answered 503").first().waitFor();
  await page.getByText(/^Attempt \d+ in \d/).waitFor();
  await expectAccessible(page);
  await broken.close();
});

test("what is out of range is hinted at, refused by the server at its field, and then put right", async ({
  amps,
  open,
}) => {
  const [, , battery = { id: "", name: "" }] = await batteries(amps);
  const page = await open({ width: "narrow" });
  await page.goto(`/dashboard/actions/new?device=${battery.id}`);
  const power = field(page, "Power");
  await power.fill("99");
  await page.getByText(/^This battery takes 0.1 to [\d.]+ kW\.$/).waitFor();
  await push(page).click();
  page.watch.expect(/^422 POST \/battery\//);
  await page.getByText(/^power must be from 0.1 to [\d.]+ kw\.$/).waitFor();
  expect(await power.getAttribute("aria-invalid")).toBe("true");
  expect(await actionsOf(amps, battery)).toEqual([]);
  expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
  await power.fill("3");
  await page.getByText("Completes", { exact: true }).click();
  await field(page, "After").fill("1h");
  await push(page).click();
  await page.getByText("Driving the battery").waitFor();
  // Another one meanwhile is in conflict, and told so.
  await page.getByRole("link", { name: "Push another" }).click();
  await push(page).click();
  page.watch.expect(/^409 POST \/battery\//);
  await page.getByText("The battery still works on another action").waitFor();
  await page.getByRole("link", { name: "Watch that one" }).click();
  await page.getByText("Driving the battery").waitFor();
});

test("an event that nobody takes says how to be told", async ({ amps, open }) => {
  const [battery = { id: "", name: "" }] = await batteries(amps);
  const page = await open();
  await page.goto(`/dashboard/actions/new?device=${battery.id}`);
  await page.getByText("Idle", { exact: true }).click();
  await push(page).click();
  await page.getByText("Sent to nobody", { exact: true }).waitFor();
  const add = timeline(page).getByRole("link", { name: "Add an endpoint" });
  expect(await add.getAttribute("href")).toBe("/dashboard/endpoints/new");
});

test("live is empty at first, and a real battery moves only when that is confirmed", async ({
  amps,
  open,
}) => {
  const page = await open();
  await page.goto("/dashboard/devices?env=live");
  await page.getByRole("heading", { name: "No battery in live" }).waitFor();
  const storage = openStorage((await findEmbedded(amps.dataDir)) ?? "");
  const [live] = await sql<{ environment_id: string }>(
    storage,
    "SELECT environment_id FROM environment WHERE mode = 'live'",
  );
  const { deviceId } = await addDevice(storage, live?.environment_id ?? "");
  await storage.close();
  await page.getByRole("link", { name: "Push an action to test" }).click();
  expect(await page.getByText("Sandbox: how it ends").count()).toBe(0);
  await push(page).click();
  const dialog = page.getByRole("dialog", { name: "A real battery moves" });
  await dialog.waitFor();
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await dialog.waitFor({ state: "detached" });
  expect(page.url()).toContain("/actions/new");
  await push(page).click();
  await dialog.getByRole("button", { name: "Push to the real battery" }).click();
  await page.getByRole("heading", { level: 1, name: "Charge" }).waitFor();
  await page.goto(`/dashboard/devices/${deviceId}?env=live`);
  await page.getByRole("table", { name: "Last actions of this device" }).waitFor();
  // The cancelled push was none.
  expect(await page.getByRole("row").count()).toBe(2);
});

test.for(["light", "dark"] as const)(
  "the energy pages are accessible, %s",
  async (theme, { amps, open }) => {
    const [battery = { id: "", name: "" }] = await batteries(amps);
    const page = await open({ theme });
    await page.goto("/dashboard/devices");
    await page.getByRole("list", { name: "Devices" }).getByRole("img").first().waitFor();
    await expectAccessible(page);
    await page.goto(`/dashboard/devices/${battery.id}`);
    await page.locator("canvas").waitFor();
    await page.getByRole("table").waitFor();
    await expectAccessible(page);
    await page.goto("/dashboard/actions");
    await page.getByRole("table", { name: "Actions" }).waitFor();
    await expectAccessible(page);
    await page.getByLabel("Device").selectOption(battery.id);
    await page.getByLabel("State").selectOption("failed");
    await page.getByLabel("Time").selectOption("hour");
    await expect.poll(() => page.url()).toMatch(/device=dev_.*state=failed.*since=hour/);
    await expect.poll(() => page.getByRole("row").count()).toBe(2);
    await page.keyboard.press("Escape");
    await page.getByRole("link", { name: "Discharge" }).click();
    await page.getByText("A schedule of the battery is in control").waitFor();
  },
);
