/** A browser and its contexts, as tests and screenshots want them. */
import { type Browser, type BrowserContext, chromium } from "playwright-core";

export interface ContextOptions {
  theme?: "light" | "dark";
  /** `narrow` is a phone. */
  width?: "wide" | "narrow";
}

const VIEWPORTS = {
  wide: { width: 1280, height: 800 },
  narrow: { width: 390, height: 844 },
} as const;
/** A locator that waits longer waits in vain; a machine may be busy. */
const WAIT_MS_MAX = 30_000;

export async function launchBrowser(executablePath: string): Promise<Browser> {
  // Signals are for whoever launched it to handle.
  const handled = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false };
  return await chromium.launch({ executablePath, ...handled });
}

export async function openContext(
  browser: Browser,
  baseURL: string,
  { theme = "light", width = "wide" }: ContextOptions,
): Promise<BrowserContext> {
  const context = await browser.newContext({
    baseURL,
    colorScheme: theme,
    viewport: VIEWPORTS[width],
    reducedMotion: "reduce",
    locale: "en-GB",
    timezoneId: "UTC",
  });
  context.setDefaultTimeout(WAIT_MS_MAX);
  return context;
}
