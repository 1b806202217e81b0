/** Webhook settings as a person does them: add an endpoint, try it, secure it, pause it, delete it. */
import { randomUUID } from "node:crypto";
import type { Page } from "playwright-core";
import { Webhook } from "svix";
import { expect } from "vitest";
import { expectAccessible } from "../../test/support/browser/accessibility.ts";
import { test } from "../../test/support/browser/browser-test.ts";
import { type ReceivedRequest, startReceiver } from "../../test/support/receiver.ts";
import { call } from "../../test/support/server-process.ts";

/** A machine may be busy. */
const PATIENT = { timeout: 30_000 };
const APP = "/api/v1/app/default";

interface Made {
  id: string;
  name: string;
}

async function makeEndpoint(amps: { url: string }, url: string, more = {}): Promise<Made> {
  const name = `Receiver ${randomUUID().slice(0, 8)}`;
  const body = { url, description: name, ...more };
  const answer = await call<{ id: string }>(`${amps.url}${APP}/endpoint`, { body });
  expect(answer.status).toBe(201);
  return { id: answer.body.id, name };
}

async function publish(amps: { url: string }, eventType = "push.completed"): Promise<string> {
  const body = { eventType, payload: { at: randomUUID() } };
  const answer = await call<{ id: string }>(`${amps.url}${APP}/msg`, { body });
  expect(answer.status).toBe(202);
  return answer.body.id;
}

const openEndpoint = async (page: Page, { id, name }: Made, query = ""): Promise<void> => {
  await page.goto(`/dashboard/endpoints/${id}${query}`);
  await page.getByRole("heading", { level: 1, name }).waitFor();
};

/** @throws when it was not signed with this secret */
function verify(secret: string, { body, headers }: ReceivedRequest): void {
  new Webhook(secret).verify(body, headers as Record<string, string>);
}

/** The secret as the page shows it. */
async function shownSecret(page: Page): Promise<string> {
  await page.getByRole("button", { name: "Show" }).click();
  const code = page.locator("code", { hasText: /^whsec_[^•]+$/ });
  return (await code.textContent()) ?? "";
}

test("an endpoint is added, tried and verified without documentation", async ({
  amps,
  open,
  receiver,
}) => {
  const page = await open();
  await page.goto("/dashboard/");
  await page.getByText("Two steps to the first delivery").waitFor();
  await page.getByRole("link", { name: "Add endpoint" }).click();
  const url = page.getByLabel("URL");
  await url.fill("ftp://example.com/");
  await page.getByText("The URL must start with https:// or http://.").waitFor();
  await url.fill("http://10.1.2.3/hooks");
  await page.getByText(/AMPS_EGRESS_ALLOW|private|public/).waitFor();
  await url.fill(`${receiver.url}/hooks`);
  await page.getByText(/Plain http/).waitFor();
  await page.getByLabel("Description").fill("Energy ledger");

  await page.getByRole("radio", { name: /Only these/ }).check();
  await page.getByRole("button", { name: "Add endpoint" }).click();
  await page.getByText("Choose at least one event, or all.").waitFor();
  await page.getByRole("button", { name: "Example of push.completed" }).click();
  await page.getByText('"message": "Mode applied"').waitFor();
  await page.getByRole("checkbox", { name: /push\.completed/ }).check();
  await page.getByLabel("Rate limit").fill("25");
  await page.getByRole("button", { name: "Add header" }).click();
  await page.getByLabel("Name of header 1").fill("x-team");
  await page.getByLabel("Value of header 1").fill("ledger");
  await expectAccessible(page);
  await page.getByRole("button", { name: "Add endpoint" }).click();

  await page.getByRole("heading", { level: 1, name: "Energy ledger" }).waitFor();
  await page.getByText("Nothing was sent to it yet").waitFor();
  receiver.script({ status: 200, body: "<script>document.title = 'owned'</script>" });
  await page.getByRole("button", { name: "Send an example" }).click();
  const dialog = page.getByRole("dialog", { name: "Send an example" });
  await dialog.getByRole("button", { name: "Send", exact: true }).click();
  await dialog.getByText("Success").waitFor();
  await dialog.getByText("<script>document.title = 'owned'</script>").waitFor();
  expect(await page.title()).toBe("Energy ledger · Amps");
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Close" }).first().click();

  const request = await receiver.nth(1);
  expect(request).toMatchObject({ method: "POST", url: "/hooks" });
  expect(request.headers).toMatchObject({
    "x-team": "ledger",
    "amps-event-type": "push.completed",
  });
  await page.getByRole("tab", { name: "Signing secret" }).click();
  verify(await shownSecret(page), request);

  const { body } = await call<{ data: object[] }>(`${amps.url}${APP}/endpoint`);
  expect(body.data).toMatchObject([
    { description: "Energy ledger", throttleRate: 25, eventTypes: ["push.completed"] },
  ]);
});

test("the overview waits for the first event and changes when it comes", async ({
  amps,
  open,
  receiver,
}) => {
  // Live: nothing was published there yet.
  const page = await open();
  const environment = { "amps-environment": "live" };
  await page.goto("/dashboard/?env=live");
  await page.getByText("Live environment: real receivers, real batteries").waitFor();
  await page.getByText("Waiting for the first event").waitFor();
  expect(await page.getByText("curl -X POST").textContent()).toContain(
    `${amps.url}/api/v1/app/app_`,
  );
  await page.getByRole("link", { name: "Add endpoint" }).click();
  await page.getByLabel("URL").fill(`${receiver.url}/live`);
  await page.getByRole("button", { name: "Add endpoint" }).click();
  await page.getByText("Nothing was sent to it yet").waitFor();
  await page.getByRole("link", { name: "Overview" }).click();
  const sent = page.waitForRequest((one) => one.method() === "POST" && one.url().endsWith("/msg"));
  await page.getByRole("button", { name: "Send it from here" }).click();
  expect((await sent).headers()).toMatchObject(environment);
  await page.getByText("Success, 24 hours").waitFor();
  await receiver.matching(({ url }) => url === "/live");
  await expectAccessible(page);
});

test("a rotated secret shows how long the old one still signs", async ({
  amps,
  open,
  receiver,
}) => {
  const made = await makeEndpoint(amps, `${receiver.url}/rotated`);
  const page = await open({ theme: "dark" });
  await openEndpoint(page, made, "?tab=signing");
  const before = await shownSecret(page);
  await page.getByRole("button", { name: "Rotate" }).click();
  const dialog = page.getByRole("dialog", { name: "Rotate the secret" });
  await dialog.getByLabel("The old one still signs for").selectOption({ label: "24 hours" });
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Rotate", exact: true }).click();
  await page.getByText(/signs as well for another 23 h 59 min/).waitFor();
  const after = page.locator("code", { hasText: /^whsec_[^•]+$/ });
  await expect.poll(() => after.textContent(), PATIENT).not.toBe(before);
  const secret = (await after.textContent()) ?? "";
  await publish(amps);
  const request = await receiver.matching(({ url }) => url === "/rotated");
  for (const one of [before, secret]) verify(one, request);
});

test("what was missed while it was paused is sent when it is enabled", async ({
  amps,
  open,
  receiver,
}) => {
  const made = await makeEndpoint(amps, `${receiver.url}/paused`);
  const page = await open();
  await openEndpoint(page, made);
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText("Paused by hand.").waitFor();
  expect(await page.getByRole("button", { name: "Send example" }).isDisabled()).toBe(true);
  await publish(amps);
  await publish(amps);
  await page.getByRole("button", { name: "Enable" }).click();
  const dialog = page.getByRole("dialog", { name: "Enable endpoint" });
  expect(await dialog.getByRole("checkbox", { name: /Send what was missed/ }).isChecked()).toBe(
    true,
  );
  await dialog.getByLabel("Since").fill("");
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Enable and send" }).click();
  await page.getByText("2 events sent.").waitFor();
  await receiver.matching(({ url }) => url === "/paused");
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).first().click();
  await page.getByRole("button", { name: "Pause" }).waitFor();
});

test("settings are changed, and what is wrong is said at its field", async ({
  amps,
  open,
  receiver,
}) => {
  const made = await makeEndpoint(amps, `${receiver.url}/settings`, {
    headers: { "x-team": "one", authorization: "Bearer hidden" },
  });
  const page = await open();
  await openEndpoint(page, made, "?tab=settings");
  await page.getByLabel("Description").fill(`${made.name} renamed`);
  await page.getByLabel("Rate limit").fill("0");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("A whole number from 1 on, or nothing.").waitFor();
  await page.getByLabel("Rate limit").fill("7");
  await page.getByRole("radio", { name: "A schedule of its own" }).check();
  await page.getByLabel("Delays between attempts").fill("10s, 10m");
  await page.getByText(/3 attempts: at once, then after 10s, 10m/).waitFor();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: `${made.name} renamed` }).waitFor();

  const names = page.getByLabel(/^Name of header/);
  await expect.poll(() => names.count(), PATIENT).toBe(2);
  expect(await page.content()).not.toContain("Bearer hidden");
  await page.getByRole("button", { name: "Remove header x-team" }).click();
  await page.getByRole("button", { name: "Add header" }).click();
  await page.getByLabel("Name of header 2").fill("host");
  await page.getByLabel("Value of header 2").fill("evil.example");
  await page.getByRole("button", { name: "Save headers" }).click();
  await page.getByText(/host/).last().waitFor();
  await page.getByLabel("Name of header 2").fill("x-site");
  await page.getByRole("button", { name: "Save headers" }).click();
  await page.getByText("Headers saved").waitFor();
  page.watch.expect(/^422 PATCH /);
  await publish(amps);
  const { headers } = await receiver.matching(({ url }) => url === "/settings");
  expect(headers).toMatchObject({ authorization: "Bearer hidden", "x-site": "evil.example" });
  expect(headers).not.toHaveProperty("x-team");
  const { body } = await call<object>(`${amps.url}${APP}/endpoint/${made.id}`);
  expect(body).toMatchObject({ throttleRate: 7, retrySchedule: ["10s", "10m"] });
});

test("an endpoint is deleted only by who types its name", async ({ amps, open, receiver }) => {
  const made = await makeEndpoint(amps, `${receiver.url}/deleted`);
  const page = await open();
  await openEndpoint(page, made, "?tab=settings");
  await page.getByRole("button", { name: "Delete" }).click();
  const dialog = page.getByRole("dialog", { name: "Delete this endpoint?" });
  const confirm = dialog.getByRole("button", { name: "Delete endpoint" });
  expect(await confirm.isDisabled()).toBe(true);
  await dialog.getByLabel(/to confirm/).fill("something else");
  expect(await confirm.isDisabled()).toBe(true);
  await dialog.getByLabel(/to confirm/).fill(made.name);
  await expectAccessible(page);
  await confirm.click();
  await page.getByRole("heading", { level: 1, name: "Endpoints" }).waitFor();
  await page.getByText(`${made.name} is deleted`).waitFor();
  expect(await page.getByRole("link", { name: made.name }).count()).toBe(0);
  expect((await call(`${amps.url}${APP}/endpoint/${made.id}`)).status).toBe(404);
});

test("nothing more is asked about an endpoint whose deletion has begun", async ({
  amps,
  open,
  receiver,
}) => {
  const made = await makeEndpoint(amps, `${receiver.url}/deleted`);
  const page = await open();
  await openEndpoint(page, made, "?tab=settings");
  const asked: string[] = [];
  let deletions = 0;
  await page.route(`**/endpoint/${made.id}*`, async (route) => {
    if (route.request().method() !== "DELETE") return route.continue();
    const response = await route.fetch();
    deletions += 1;
    page.on("request", (request) => asked.push(`${request.method()} ${request.url()}`));
    // Whoever comes back to a page has what is old asked again, as a live event does a second later.
    await page.evaluate("window.dispatchEvent(new Event('visibilitychange'))");
    await route.fulfill({ response });
  });
  await page.getByRole("button", { name: "Delete" }).click();
  const dialog = page.getByRole("dialog", { name: "Delete this endpoint?" });
  await dialog.getByLabel(/to confirm/).fill(made.name);
  await page.clock.setSystemTime(Date.now() + 60_000);
  await dialog.getByRole("button", { name: "Delete endpoint" }).click();
  await page.getByRole("heading", { level: 1, name: "Endpoints" }).waitFor();
  expect(deletions).toBe(1);
  expect(asked.filter((url) => url.includes(made.id))).toEqual([]);
});

test("failures are seen at a glance and read as they are, however hostile", async ({
  amps,
  open,
}) => {
  const hostile = `<img src=x onerror="document.title='owned'">\u001b[31mred\u0007${"A".repeat(20_000)}`;
  const receiver = await startReceiver(() => ({ status: 500, body: hostile }));
  const made = await makeEndpoint(amps, `${receiver.url}/broken`, { filterTypes: ["push.failed"] });
  await publish(amps, "push.failed");
  await receiver.matching(({ url }) => url === "/broken");
  const page = await open({ width: "narrow" });
  await openEndpoint(page, made, "?tab=deliveries");
  await page.getByRole("button", { name: "push.failed, 500: details" }).first().click();
  await page.getByText("The receiver answered 500; only 2xx means delivered.").waitFor();
  await page.getByText("What the receiver answered, the first 16 KiB").waitFor();
  const answer = page.getByRole("region", { name: "the answer" });
  expect(await answer.textContent()).toContain(`<img src=x onerror="document.title='owned'">`);
  expect(await answer.locator("img").count()).toBe(0);
  expect(await page.title()).toBe(`${made.name} · Amps`);
  expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
  await expectAccessible(page);

  await page.goto("/dashboard/");
  await page.getByRole("heading", { name: "Failed lately" }).waitFor();
  await page
    .getByRole("row", { name: /push\.failed/ })
    .first()
    .waitFor();
  await receiver.close();
});

test.for(["light", "dark"] as const)(
  "the list is accessible and searched by keyboard, %s",
  async (theme, { amps, open, receiver }) => {
    const made = await makeEndpoint(amps, `${receiver.url}/listed`);
    const page = await open({ theme });
    await page.goto("/dashboard/endpoints");
    await page.getByRole("link", { name: made.name }).waitFor();
    await expectAccessible(page);
    await page.keyboard.press("/");
    await page.keyboard.type(made.name);
    await expect.poll(() => page.getByRole("row").count(), PATIENT).toBe(2);
    expect(new URL(page.url()).searchParams.get("q")).toBe(made.name);
    await page.reload();
    await expect.poll(() => page.getByRole("row").count(), PATIENT).toBe(2);
    await page.getByRole("link", { name: made.name }).click();
    await page.getByRole("heading", { level: 1, name: made.name }).waitFor();
    await expectAccessible(page);
  },
);
