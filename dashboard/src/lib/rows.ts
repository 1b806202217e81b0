/** Lists by keyboard: `j` and `k` go through what carries `data-row`, Enter opens it. */
import { type Shortcut, useShortcuts } from "./shortcuts.ts";

function step(by: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = at === -1 ? (by === 1 ? 0 : rows.length - 1) : at + by;
  rows[Math.min(Math.max(next, 0), rows.length - 1)]?.focus();
}

export function useRowKeys(group: string): void {
  const shortcuts: Shortcut[] = [
    { keys: "j", label: "Next row", group, run: () => step(1) },
    { keys: "k", label: "Previous row", group, run: () => step(-1) },
  ];
  useShortcuts(shortcuts);
}
