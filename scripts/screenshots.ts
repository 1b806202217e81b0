/**
 * `npm run screenshots [NAME…]`: pictures of every page, light, dark and narrow, into docs/images. The
 * server is real and has a day of history (`dashboard/e2e/story`).
 */
import { mkdir, stat } from "node:fs/promises";
import path from "node:path";
import type { Browser } from "playwright-core";
import { type ListedPage, PAGES, untilShown } from "../dashboard/e2e/pages.ts";
import { type Story, startStory } from "../dashboard/e2e/story/story.ts";
import { logIn, type SessionCookie } from "../test/support/browser/log-in.ts";
import { launchBrowser, openContext } from "../test/support/browser/open-context.ts";
import { provideBrowser, thisMachine } from "../test/support/browser/provide-browser.ts";

const IMAGES = path.resolve(import.meta.dirname, "../docs/images");
/** They are in the repository for ever. */
const BYTES_MAX = 150_000;
const HOURS = 24;
const VARIANTS = [
  { name: "light", theme: "light", width: "wide" },
  { name: "dark", theme: "dark", width: "wide" },
  { name: "narrow", theme: "light", width: "narrow" },
] as const;

async function shoot(
  browser: Browser,
  story: Story,
  { listed, cookie }: { listed: ListedPage; cookie: SessionCookie },
): Promise<void> {
  for (const variant of VARIANTS) {
    const context = await openContext(browser, story.amps.url, variant);
    if (listed.stranger !== true) await context.addCookies([cookie]);
    const page = await context.newPage();
    await page.goto(listed.path(story));
    await untilShown(page, listed);
    const file = path.join(IMAGES, `${listed.name}-${variant.name}.png`);
    await page.screenshot({ path: file, animations: "disabled", caret: "hide", scale: "css" });
    await context.close();
    const { size } = await stat(file);
    const tooBig = size > BYTES_MAX ? "  larger than 150 kB" : "";
    console.log(`${path.relative(process.cwd(), file)}  ${Math.ceil(size / 1000)} kB${tooBig}`);
  }
}

const provided = await provideBrowser(thisMachine(console.error));
if ("missing" in provided) {
  console.error(provided.missing);
  process.exit(1);
}
const wanted = process.argv.slice(2);
const listed = PAGES.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
if (listed.length === 0) {
  console.error(`There are: ${PAGES.map(({ name }) => name).join(", ")}`);
  process.exit(1);
}
console.log("Living a day in the past (some 20 s) …");
const story = await startStory(HOURS);
const browser = await launchBrowser(provided.executablePath);
try {
  await mkdir(IMAGES, { recursive: true });
  const cookie = await logIn(story.amps.url, story.amps.password);
  for (const page of listed) await shoot(browser, story, { listed: page, cookie });
} finally {
  await browser.close();
  await story.stop();
}
