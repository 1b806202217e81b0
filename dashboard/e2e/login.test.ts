/** Getting in, staying in and getting out: link, password, guesses, the session's end. */
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { expectAccessible } from "../../test/support/browser/accessibility.ts";
import { type Amps, test } from "../../test/support/browser/browser-test.ts";
import { logIn } from "../../test/support/browser/log-in.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const LOGIN_REFUSED = /^401 POST \/api\/v1\/dashboard\/login$/;

/** As the operator does who has no password: `npm run login-link`. */
async function makeLink({ url, dataDir }: Amps): Promise<string> {
  const args = ["scripts/login-link.ts", "--port", new URL(url).port];
  const env = { ...process.env, AMPS_DATA_DIR: dataDir };
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, env });
  return stdout.trim();
}

async function typePassword(page: Page, password: string): Promise<void> {
  await page.getByLabel("Admin password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}

const overview = (page: Page) => page.getByRole("heading", { level: 1, name: "Overview" });

test("a login link opens the dashboard once, and leaves no token behind", async ({
  amps,
  open,
}) => {
  const link = await makeLink(amps);
  const page = await open({ stranger: true });
  await page.goto(link);
  await overview(page).waitFor();
  expect(page.url()).toBe(`${amps.url}/dashboard/`);
  await page.goBack();
  expect(page.url()).not.toContain("token");

  const other = await open({ stranger: true });
  other.watch.expect(LOGIN_REFUSED);
  await other.goto(link);
  await other.getByText(/This link has been used or has expired/).waitFor();
  expect(other.url()).not.toContain("token");
});

test.for(["light", "dark"] as const)(
  "the login page says what is wrong with a password, accessibly, %s",
  async (theme, { open }) => {
    const page = await open({ stranger: true, theme });
    page.watch.expect(LOGIN_REFUSED);
    await page.goto("/dashboard/login");
    await page.getByLabel("Admin password").waitFor();
    await expectAccessible(page);
    await typePassword(page, "guess");
    await page.getByText("That is not the password.").waitFor();
    await expectAccessible(page);
  },
);

test("who logs in comes to where the link led", async ({ amps, open }) => {
  const page = await open({ stranger: true });
  await page.goto("/dashboard/?env=live");
  await page.waitForURL("**/dashboard/login?next=**");
  await typePassword(page, amps.password);
  await overview(page).waitFor();
  await page.getByText("Live environment: real receivers, real batteries").waitFor();
  expect(page.url()).toBe(`${amps.url}/dashboard/?env=live`);
});

test.for([
  "https://elsewhere.example/",
  "//elsewhere.example/",
  "/\t/elsewhere.example/",
  "/\\elsewhere.example/",
])("a link cannot lead to another site by logging in: %s", async (next, { amps, open }) => {
  const page = await open({ stranger: true });
  const { hash } = new URL(await makeLink(amps));
  await page.goto(`/dashboard/login?next=${encodeURIComponent(next)}${hash}`);
  await overview(page).waitFor();
  expect(page.url()).toBe(`${amps.url}/dashboard/`);
});

test("log out ends the session everywhere, and nothing is left to look at", async ({
  amps,
  open,
}) => {
  const page = await open({ stranger: true });
  const ownCookie = await logIn(amps.url, amps.password);
  await page.context().addCookies([ownCookie]);
  await page.goto("/dashboard/");
  await overview(page).waitFor();
  const second = await open({ stranger: true });
  // It is not told of the end: whatever it asks for next is refused.
  second.watch.expect(/^401 GET \/api\/v1\/app\//);
  await second.context().addCookies([ownCookie]);
  await second.goto("/dashboard/");
  await overview(second).waitFor();

  await page.getByRole("button", { name: "Appearance and account" }).click();
  await page.getByRole("menuitem", { name: "Log out" }).click();
  await page.getByLabel("Admin password").waitFor();
  expect(await page.context().cookies()).toEqual([]);
  await page.goBack();
  await page.getByLabel("Admin password").waitFor();

  await second.reload();
  await second.getByLabel("Admin password").waitFor();
  const kept = await fetch(`${amps.url}/api/v1/dashboard/session`, {
    headers: { cookie: `${ownCookie.name}=${ownCookie.value}` },
  });
  expect(kept.status).toBe(401);
});

test("guessing is slowed down, and says until when; a link still opens", async ({ amps, open }) => {
  const page = await open({ stranger: true });
  page.watch.expect(LOGIN_REFUSED);
  page.watch.expect(/^429 POST \/api\/v1\/dashboard\/login$/);
  await page.goto("/dashboard/login");
  await page.getByLabel("Admin password").waitFor();
  const limited = page.getByText(/Too many attempts/);
  for (let guess = 0; guess < 12 && !(await limited.isVisible()); guess += 1) {
    const answered = page.waitForResponse("**/api/v1/dashboard/login");
    await typePassword(page, `guess ${guess}`);
    await answered;
    await page.getByText(/That is not the password|Too many attempts/).waitFor();
  }
  await limited.waitFor();
  // Pasted over the login page's address.
  await page.goto(await makeLink(amps));
  await overview(page).waitFor();
});
