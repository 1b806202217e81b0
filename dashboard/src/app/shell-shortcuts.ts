import { type Shortcut, useShortcuts } from "../lib/shortcuts.ts";
import { useGoTo } from "./go-to.ts";
import { openOverlay } from "./overlays.ts";
import { navItems } from "./sections.ts";

function focusSearch(): void {
  const field = document.querySelector<HTMLInputElement>("[data-search]");
  if (field === null) openOverlay("palette");
  else field.focus();
}

/** What works on every page. */
export function useShellShortcuts(): void {
  const goTo = useGoTo();
  const jumps = navItems.map(({ to, label, jump }): Shortcut => {
    return { keys: `g ${jump}`, label, group: "Go to", run: () => goTo(to) };
  });
  const group = "Anywhere";
  useShortcuts([
    { keys: "mod+k", label: "Command palette", group, run: () => openOverlay("palette") },
    { keys: "/", label: "Search", group, run: focusSearch },
    { keys: "?", label: "Keyboard shortcuts", group, run: () => openOverlay("shortcuts") },
    ...jumps,
  ]);
}
