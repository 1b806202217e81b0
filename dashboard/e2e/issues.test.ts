/** What fails is found, understood, acknowledged, resolved by resending, and seen again when it comes back. */
import { expect } from "vitest";
import { expectAccessible } from "../../test/support/browser/accessibility.ts";
import { type Amps, test } from "../../test/support/browser/browser-test.ts";
import { call } from "../../test/support/server-process.ts";

const APP = "/api/v1/app/default";
/** Failed for good at once: nobody waits for retries here. */
const DOWN = {
  status: 503,
  headers: { "webhook-delivery": "abort-message" },
  body: "<b>down</b><script>document.title = 'owned'</script>",
};
const TITLE = "It answers 503 Service Unavailable";

async function publish({ url }: Amps): Promise<void> {
  await call(`${url}${APP}/msg`, { body: { eventType: "push.completed", payload: { n: 1 } } });
}

test("no issue is good, and says so", async ({ open }) => {
  const page = await open();
  await page.goto("/dashboard/issues");
  await page.getByText("Nothing fails that nobody knows of").waitFor();
  await expectAccessible(page);
  await page.getByRole("link", { name: "See what was resolved" }).click();
  await page.getByText("Nothing was resolved yet").waitFor();
  expect(page.url()).toContain("state=resolved");
});

test("an issue is acknowledged, resolved by resending all, and comes back", async ({
  amps,
  open,
  receiver,
}) => {
  await call(`${amps.url}${APP}/endpoint`, {
    body: { url: receiver.url, description: "Ledger", filterTypes: ["push.completed"] },
  });
  receiver.script(DOWN, DOWN);
  await publish(amps);
  await publish(amps);
  await receiver.nth(2);

  const page = await open();
  await page.goto("/dashboard/issues");
  const link = page.getByRole("link", { name: TITLE });
  await link.waitFor();
  await expectAccessible(page);
  // By keyboard alone.
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: TITLE }).waitFor();
  await page.getByRole("link", { name: "Ledger" }).waitFor();
  await page.getByText(DOWN.body).waitFor();
  expect(await page.title()).toContain(TITLE);
  const undelivered = page.getByText("Messages undelivered").locator("..");
  await undelivered.getByText("2", { exact: true }).waitFor();
  await expectAccessible(page);

  await page.getByRole("button", { name: "Acknowledge" }).click();
  await page.getByText("Somebody knows of it.").waitFor();
  await page.keyboard.press("r");
  const dialog = page.getByRole("dialog", { name: "Resolve the issue" });
  await dialog.getByText(/Everything of this endpoint that failed for good since/).waitFor();
  await dialog.getByText(/2 messages of this issue would stay undelivered/).waitFor();
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Resend all and resolve" }).click();
  await page.getByText("2 events sent.").waitFor();
  await receiver.nth(4);
  await page
    .getByText(/^Resolved/)
    .first()
    .waitFor();
  await undelivered.getByText("0", { exact: true }).waitFor();

  receiver.script(DOWN);
  await publish(amps);
  await page.getByText(/^It came back/).waitFor();
  await page.getByText("Reopened").waitFor();
  await page.getByRole("button", { name: "Resolve …" }).click();
  await dialog.getByRole("radio", { name: "Resolve without sending" }).check();
  await dialog.getByRole("button", { name: "Resolve", exact: true }).click();
  await page.getByText("The issue is resolved").waitFor();
  expect(receiver.requests).toHaveLength(5);

  await page.getByRole("link", { name: "Issues" }).first().click();
  await page.getByText("Nothing fails that nobody knows of").waitFor();
  await page.getByRole("tab", { name: "Resolved" }).click();
  await link.waitFor();
  await page.getByLabel("Endpoint").selectOption("Ledger");
  await expect.poll(() => page.url()).toContain("endpoint=ep_");
  await page.reload();
  await link.waitFor();
});

test("of a disabled endpoint nothing can be resent, which is said before", async ({
  amps,
  open,
  receiver,
}) => {
  const made = await call<{ id: string }>(`${amps.url}${APP}/endpoint`, {
    body: { url: `${receiver.url}/off`, description: "Off", filterTypes: ["push.failed"] },
  });
  receiver.script(DOWN);
  await call(`${amps.url}${APP}/msg`, { body: { eventType: "push.failed", payload: {} } });
  await receiver.matching(({ url }) => url === "/off");
  await call(`${amps.url}${APP}/endpoint/${made.body.id}`, {
    method: "PATCH",
    body: { disabled: true },
  });
  const page = await open({ theme: "dark", width: "narrow" });
  await page.goto(`/dashboard/issues?endpoint=${made.body.id}`);
  await page.getByRole("link", { name: TITLE }).click();
  await page.getByRole("button", { name: "Resolve …" }).click();
  const dialog = page.getByRole("dialog", { name: "Resolve the issue" });
  await dialog.getByText("The endpoint is disabled: nothing can be sent to it").waitFor();
  expect(await dialog.getByRole("radio").count()).toBe(1);
  await expectAccessible(page);
});
