/** The frame around every page: keyboard, theme, environment, narrow screens, and what is not there. */
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { expectAccessible } from "../../test/support/browser/accessibility.ts";
import { test } from "../../test/support/browser/browser-test.ts";

const overview = (page: Page) => page.getByRole("heading", { level: 1, name: "Overview" });
const theme = (page: Page) => page.evaluate("document.documentElement.dataset.theme");
const focusedName = (page: Page) =>
  page.evaluate(
    "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent",
  );

async function openOverview(page: Page, path = "/dashboard/"): Promise<void> {
  await page.goto(path);
  await overview(page).waitFor();
}

test("the keyboard alone goes everywhere", async ({ open }) => {
  const page = await open();
  await openOverview(page);
  await page.keyboard.press("Tab");
  expect(await focusedName(page)).toBe("Skip to the content");
  await page.keyboard.press("Enter");
  expect(await page.evaluate("document.activeElement.id")).toBe("main");

  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await help.getByText("Command palette").waitFor();
  await expectAccessible(page);
  await page.keyboard.press("g");
  await page.keyboard.press("o");
  expect(await help.isVisible(), "keys are the dialog's").toBe(true);
  await page.keyboard.press("Escape");
  await help.waitFor({ state: "detached" });

  await page.keyboard.press("Control+k");
  const palette = page.getByRole("dialog", { name: "Command palette" });
  await palette.getByRole("combobox").waitFor();
  await expectAccessible(page);
  await page.keyboard.type("no such page");
  await palette.getByText(/Nothing fits/).waitFor();
  await page.keyboard.press("Escape");
  await palette.waitFor({ state: "detached" });

  await page.keyboard.press("Control+k");
  await page.keyboard.type("dark");
  await palette.getByRole("option", { name: "Dark theme" }).waitFor();
  await page.keyboard.press("Enter");
  await expect.poll(() => theme(page)).toBe("dark");
});

test("what is typed at once after Ctrl+K is the palette's", async ({ open }) => {
  const page = await open({ theme: "light" });
  await openOverview(page);
  // A busy machine paints late: here not at all.
  await page.evaluate("window.requestAnimationFrame = () => 0");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("dark");
  await page.keyboard.press("Enter");
  await expect.poll(() => theme(page)).toBe("dark");
});

test("`g` and a letter jump to every page that the sidebar lists", async ({ open }) => {
  const page = await open();
  await openOverview(page);
  await page.keyboard.press("?");
  const jumps = page
    .getByRole("dialog")
    .locator("section", { has: page.getByRole("heading", { name: "Go to" }) });
  await jumps.waitFor();
  const labels = await jumps.locator("dt").allTextContents();
  const keys = await jumps.locator("dd").allTextContents();
  await page.keyboard.press("Escape");
  const links = page.getByRole("navigation", { name: "Main" }).getByRole("link");
  expect(labels).toEqual(await links.allTextContents());
  for (const [index, label] of labels.entries()) {
    await page.keyboard.press("g");
    await page.keyboard.press(keys[index]?.trim().at(-1)?.toLowerCase() ?? "");
    await links.and(page.locator("[aria-current]")).filter({ hasText: label }).waitFor();
  }
});

test("a chosen theme survives a reload, and is there before the first paint", async ({ open }) => {
  const page = await open({ theme: "light" });
  await openOverview(page);
  expect(await theme(page)).toBe("light");
  await page.getByRole("button", { name: "Appearance and account" }).click();
  await page.getByRole("menuitem", { name: "Dark theme" }).click();
  await expect.poll(() => theme(page)).toBe("dark");
  await page.addInitScript(`new MutationObserver((_, observer) => {
    if (!document.body) return;
    window.themeAtBody = document.documentElement.dataset.theme ?? "none yet";
    observer.disconnect();
  }).observe(document, { childList: true, subtree: true });`);
  await page.reload();
  await overview(page).waitFor();
  expect(await page.evaluate("window.themeAtBody")).toBe("dark");
  expect(await page.evaluate("getComputedStyle(document.documentElement).colorScheme")).toBe(
    "dark",
  );
  await page.emulateMedia({ colorScheme: "dark" });
  await page.emulateMedia({ colorScheme: "light" });
  expect(await theme(page), "the choice wins over the system").toBe("dark");
});

test("without a choice the theme follows the system at once", async ({ open }) => {
  const page = await open({ theme: "light" });
  await openOverview(page);
  await page.emulateMedia({ colorScheme: "dark" });
  await expect.poll(() => theme(page)).toBe("dark");
});

test("live cannot be taken for sandbox, and stays over a reload", async ({ amps, open }) => {
  const page = await open();
  await openOverview(page);
  const bar = page.getByText("Live environment: real receivers, real batteries");
  expect(await bar.isVisible()).toBe(false);
  await page.getByRole("button", { name: "Live", exact: true }).click();
  await bar.waitFor();
  expect(page.url()).toBe(`${amps.url}/dashboard/?env=live`);
  await expectAccessible(page);
  const asked = page.waitForRequest((request) => request.headers()["amps-environment"] === "live");
  await page.reload();
  await bar.waitFor();
  await asked;
  await page.getByRole("button", { name: "Sandbox", exact: true }).click();
  await bar.waitFor({ state: "detached" });
  expect(page.url()).toBe(`${amps.url}/dashboard/`);
});

test("on a narrow screen the sidebar is a drawer", async ({ open }) => {
  const page = await open({ width: "narrow" });
  await openOverview(page, "/dashboard/?env=live");
  await expectAccessible(page);
  const link = page
    .getByRole("navigation", { name: "Main" })
    .getByRole("link", { name: "Overview" });
  expect(await link.isVisible()).toBe(false);
  await page.getByRole("button", { name: "Open the menu" }).click();
  await link.waitFor();
  await expectAccessible(page);
  await link.click();
  await link.waitFor({ state: "hidden" });
  await page.getByRole("button", { name: "Open the menu" }).click();
  await page.keyboard.press("Escape");
  await link.waitFor({ state: "hidden" });
});

test("a page that does not exist says so and leads back", async ({ open }) => {
  const page = await open();
  await page.goto("/dashboard/no/such/page");
  await page.getByRole("heading", { level: 1 }).waitFor();
  await expectAccessible(page);
  await page.getByRole("main").getByRole("link").first().click();
  await overview(page).waitFor();
});

test("a server that does not answer is told in words, and tried again", async ({ open }) => {
  const page = await open();
  page.watch.expect(/net::ERR_FAILED|No answer came from the server/);
  await page.route("**/api/v1/dashboard/session", (route) => route.abort());
  await page.goto("/dashboard/");
  await page.getByText("No answer came from the server.").waitFor();
  await expectAccessible(page);
  await page.unrouteAll();
  await page.getByRole("button", { name: "Try again" }).click();
  await overview(page).waitFor();
});
