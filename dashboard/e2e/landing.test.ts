/** What the server shows to who opens it in a browser, beside the dashboard. */
import { expect } from "vitest";
import { expectAccessible } from "../../test/support/browser/accessibility.ts";
import { test } from "../../test/support/browser/browser-test.ts";

test.for(["light", "dark"] as const)(
  "the description of both APIs is accessible, %s",
  async (theme, { open }) => {
    const page = await open({ theme });
    await page.goto("/docs");
    await page.getByRole("heading", { name: "Amps API" }).waitFor();
    await expectAccessible(page);
  },
);

test("/docs is read on a telephone, and its links lead somewhere", async ({ open }) => {
  const page = await open({ width: "narrow" });
  await page.goto("/docs");
  await expectAccessible(page);
  expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
  await page.getByRole("main").getByRole("link", { name: "Authentication" }).first().click();
  await page.waitForURL("**/docs/authentication");
  await expectAccessible(page);
});

test.fails("a test fails by what its page did wrong, whatever it looked at", async ({ open }) => {
  const page = await open();
  await page.goto("/docs");
  await page.evaluate("console.error('wrong')");
});
