/** Which theme is shown. `theme.js` sets it before the first paint; this follows later changes. */
import { Store } from "./store.ts";
import { forgetTabs, readStored, readTabs, writeStored } from "./stored.ts";

export type ThemeChoice = "system" | "light" | "dark";
export const THEME_CHOICES: readonly ThemeChoice[] = ["system", "light", "dark"];

const KEY = "amps.theme";
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

function readChoice(): ThemeChoice {
  const stored = readTabs(KEY) ?? readStored(KEY);
  return stored === "light" || stored === "dark" ? stored : "system";
}

export const themeChoice = new Store<ThemeChoice>(readChoice());

function show(): void {
  const choice = themeChoice.get();
  const dark = choice === "dark" || (choice === "system" && systemIsDark.matches);
  document.documentElement.dataset["theme"] = dark ? "dark" : "light";
}

export function chooseTheme(choice: ThemeChoice): void {
  forgetTabs(KEY);
  writeStored(KEY, choice === "system" ? null : choice);
  themeChoice.set(choice);
  show();
}

/** Follows the system while nothing else is chosen. */
export function followSystemTheme(): void {
  systemIsDark.addEventListener("change", show);
}

/** For what is drawn in the colours of the theme, such as a canvas. @returns stops */
export function followTheme(listener: () => void): () => void {
  const watch = new MutationObserver(listener);
  watch.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  return () => watch.disconnect();
}
