/** Which rows are selected, and where the keyboard is. */
import { useState } from "react";
import type { DeliveryOut } from "../../api/generated/paths.ts";
import { keyOf } from "./deliveries.ts";

export interface Selection {
  selected: ReadonlySet<string>;
  active: string | undefined;
  /** @param range everything from the last one that was changed to this one */
  toggle: (key: string, range: boolean) => void;
  toggleAll: () => void;
  clear: () => void;
  move: (by: 1 | -1) => void;
}

/** The row's link takes the focus, so that Enter opens it and it is read out. */
function focusRow(key: string): void {
  const row = document.querySelector(`[data-delivery="${CSS.escape(key)}"]`);
  row?.querySelector<HTMLElement>("[data-row-link]")?.focus({ preventScroll: true });
  row?.scrollIntoView({ block: "nearest" });
}

export function useSelection(rows: readonly DeliveryOut[]): Selection {
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [last, setLast] = useState<string>();
  const [active, setActive] = useState<string>();
  const all = rows.map(keyOf);
  return {
    selected,
    active,
    toggle: (key, range) => {
      const next = new Set(selected);
      const from = range && last !== undefined ? all.indexOf(last) : -1;
      const at = all.indexOf(key);
      const on = !selected.has(key);
      const keys = from < 0 ? [key] : all.slice(Math.min(from, at), Math.max(from, at) + 1);
      for (const one of keys) {
        if (on || from >= 0) next.add(one);
        else next.delete(one);
      }
      setSelected(next);
      setLast(key);
      setActive(key);
    },
    toggleAll: () => setSelected(new Set(selected.size < all.length ? all : [])),
    clear: () => setSelected(new Set()),
    move: (by) => {
      const at = active === undefined ? -1 : all.indexOf(active);
      const to = at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + by));
      const key = all[to];
      if (key === undefined) return;
      setActive(key);
      focusRow(key);
    },
  };
}
