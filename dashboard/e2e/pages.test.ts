/** Every page of a server that is in use: no violation of axe, nothing wrong on the console, nothing too wide. */
import { expect } from "vitest";
import { expectAccessible } from "../../test/support/browser/accessibility.ts";
import { test as plainTest } from "../../test/support/browser/browser-test.ts";
import { weighScripts } from "../../test/support/browser/script-weight.ts";
import { PAGES, untilShown } from "./pages.ts";
import { startStory } from "./story/story.ts";

const HOURS = 2;
/** Of a first load, whichever page it is. */
const SCRIPT_BYTES_MAX = 230_000;

const test = plainTest
  .extend("story", { scope: "file" }, async ({}, { onCleanup }) => {
    const story = await startStory(HOURS);
    onCleanup(() => story.stop());
    return story;
  })
  .override("amps", { scope: "file" }, async ({ story }) => story.amps);

const cases = PAGES.flatMap((listed) => [
  { ...listed, theme: "light", width: "wide" } as const,
  { ...listed, theme: "dark", width: "narrow" } as const,
]);

test.for(cases)("$name, $theme, $width", async (listed, { open, story }) => {
  const page = await open(listed);
  const weigh = weighScripts(page.context());
  await page.goto(listed.path(story));
  await untilShown(page, listed);
  expect(await weigh(), "bytes of script, compressed").toBeLessThanOrEqual(SCRIPT_BYTES_MAX);
  await expectAccessible(page);
  const tooWide = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
  expect(await page.evaluate(tooWide), "scrolls sideways by").toBe(0);
  expect(await page.title()).toMatch(/ · Amps$/);
});
