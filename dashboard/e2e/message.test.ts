/** The page of a message: what was sent and answered, whatever is in it. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import { Webhook } from "svix";
import { expect } from "vitest";
import { expectAccessible } from "../../test/support/browser/accessibility.ts";
import { test, type WatchedPage } from "../../test/support/browser/browser-test.ts";
import { type Receiver, startReceiver } from "../../test/support/receiver.ts";
import { call } from "../../test/support/server-process.ts";

interface Sent {
  appId: string;
  messageId: string;
  secret: string;
}

async function send(url: string, receiver: Receiver, payload: object): Promise<Sent> {
  const application = await call<{ id: string }>(`${url}/api/v1/app`, { body: { name: "m" } });
  const appId = application.body.id;
  const app = `${url}/api/v1/app/${appId}`;
  const endpoint = await call<{ id: string }>(`${app}/endpoint`, {
    body: {
      url: `${receiver.url}/in`,
      description: "The shop",
      headers: { "X-Api-Key": "canary-77" },
    },
  });
  const secret = await call<{ key: string }>(`${app}/endpoint/${endpoint.body.id}/secret`);
  const message = await call<{ id: string }>(`${app}/msg`, {
    body: { eventType: "order.paid", eventId: "order-1", tags: ["eu"], payload },
  });
  await receiver.nth(1);
  return { appId, messageId: message.body.id, secret: secret.body.key };
}

async function openMessage(page: Page, { appId, messageId }: Sent, tab = ""): Promise<void> {
  await page.goto(`/dashboard/messages/${messageId}?app=${appId}${tab}`);
  await page.getByRole("tab", { name: "Request" }).waitFor();
}

async function copied(page: WatchedPage, button: string): Promise<string> {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: button, exact: true }).click();
  await page.getByRole("button", { name: "Copied" }).first().waitFor();
  return await page.evaluate("navigator.clipboard.readText()");
}

const HOSTILE =
  "<script>window.pwned = 1</script><img src=x onerror='window.pwned = 1'>\u001b[31mred\u001b[0m " +
  `\u202egnp.exe \u0000 ${"A".repeat(1_048_576)}`;

test("a hostile answer is text, and long lines do not hold the page up", async ({ amps, open }) => {
  const receiver = await startReceiver(() => ({
    status: 500,
    headers: { "x-evil": "<script>window.pwned = 1</script>", "content-type": "text/html" },
    body: HOSTILE,
  }));
  const sent = await send(amps.url, receiver, {
    markup: HOSTILE.slice(0, 120).replaceAll("\u0000", ""),
    line: "B".repeat(900_000),
    big: 1,
  });
  const page = await open();
  await openMessage(page, sent);
  const answer = page.getByRole("region", { name: "the answer" });
  await answer.getByText("<script>window.pwned = 1</script>", { exact: false }).waitFor();
  const shown = await answer.textContent();
  expect(shown).toContain("␛[31mred␛[0m");
  expect(shown).toContain("⟨U+202E⟩gnp.exe ␀");
  await page.getByText("only its first 16 KiB are").waitFor();
  await page.getByRole("cell", { name: "<script>window.pwned = 1</script>" }).waitFor();

  await page.getByRole("tab", { name: "Request" }).click();
  await page.getByText("900002 characters, see Raw").waitFor();
  await page.getByRole("button", { name: "Raw" }).click();
  await page.getByText("are shown; copying takes all").waitFor();
  expect(await page.evaluate("window.pwned")).toBeUndefined();
  expect((await copied(page, "Copy payload")).length).toBeGreaterThan(900_000);
  await receiver.close();
});

test("what was sent can be replayed with curl, and verifies; secrets are not in it", async ({
  amps,
  open,
}) => {
  const receiver = await startReceiver();
  const sent = await send(amps.url, receiver, { it: 'isn\'t \\ "simple" $HOME `x`', n: 1e21 });
  const page = await open();
  await openMessage(page, sent, "&tab=request");
  await page.getByText("sent, never shown").waitFor();
  const command = await copied(page, "Copy as curl");
  expect(command).not.toContain("canary-77");
  const env = { PATH: process.env["PATH"], X_API_KEY: "mine" };
  await promisify(execFile)("sh", ["-c", command], { env });
  const replayed = await receiver.nth(2);
  const first = await receiver.nth(1);
  expect(replayed.body.equals(first.body)).toBe(true);
  expect(replayed.headers["x-api-key"]).toBe("mine");
  expect(replayed.headers["svix-id"]).toBe(sent.messageId);
  const headers = Object.fromEntries(
    ["svix-id", "svix-timestamp", "svix-signature"].map((name) => [
      name,
      String(replayed.headers[name]),
    ]),
  );
  new Webhook(sent.secret).verify(replayed.body, headers);
  await receiver.close();
});

test("attempts are a timeline; a resend shows by itself; the payload is searched", async ({
  amps,
  open,
}) => {
  const receiver = await startReceiver();
  receiver.script({ status: 503, body: "later" });
  const sent = await send(amps.url, receiver, { order: { lines: [{ sku: "cell-9" }] }, n: 2 });
  const page = await open();
  await openMessage(page, sent);
  await page.getByText("The shop").waitFor();
  await page.getByText("order-1", { exact: true }).waitFor();
  const timeline = page.getByRole("list", { name: "Attempts" });
  await timeline.getByText(/^Next attempt in/).waitFor();
  await timeline.getByText("The receiver answered 503", { exact: false }).waitFor();
  await page.getByRole("region", { name: "the answer" }).getByText("later").waitFor();
  await page.keyboard.press("r");
  await timeline.getByText("Attempt 2 · by hand").waitFor();
  await page.getByText(/Delivered .* after it was published, with 2 attempts/).waitFor();

  await page.getByRole("tab", { name: "Request" }).click();
  await page.getByLabel("Search the payload").fill("cell");
  await page.getByText("1 found").waitFor();
  await receiver.close();
});

test.for(["light", "dark"] as const)(
  "the page of a message is accessible, %s",
  async (theme, { amps, open }) => {
    const receiver = await startReceiver(() => ({ status: 500, body: '{"error":"no"}' }));
    const sent = await send(amps.url, receiver, { a: [1, "two", null], b: { c: true } });
    const page = await open({ theme });
    await openMessage(page, sent);
    await page.getByRole("region", { name: "the answer" }).waitFor();
    await expectAccessible(page);
    await page.getByRole("tab", { name: "Request" }).click();
    await page.getByRole("region", { name: "the payload" }).waitFor();
    await expectAccessible(page);
    const narrow = await open({ theme, width: "narrow" });
    await openMessage(narrow, sent);
    expect(await narrow.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    await receiver.close();
  },
);
