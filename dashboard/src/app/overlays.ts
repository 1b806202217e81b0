/** What lies over the page: at most one. */
import { Store } from "../lib/store.ts";

export type Overlay = "palette" | "shortcuts" | undefined;

export const overlay = new Store<Overlay>(undefined);

export function openOverlay(which: Overlay): void {
  overlay.set(which);
}
