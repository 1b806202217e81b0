/** Short messages at the edge of the page. Anything may raise one; `ui/toaster.tsx` shows them. */
import { Store } from "./store.ts";

export interface Toast {
  id: number;
  tone: "good" | "bad" | "plain";
  title: string;
  detail?: string | undefined;
  /** A link of the dashboard, or something to undo. */
  action?: { label: string; run: () => void } | undefined;
}

const SHOWN_MS = 6_000;
const SHOWN_MAX = 4;

export const toasts = new Store<readonly Toast[]>([]);
let lastId = 0;

export function dismissToast(id: number): void {
  toasts.set(toasts.get().filter((shown) => shown.id !== id));
}

/** Errors stay until they are dismissed. */
export function toast(message: Omit<Toast, "id">): void {
  lastId += 1;
  const id = lastId;
  toasts.set([...toasts.get().slice(1 - SHOWN_MAX), { ...message, id }]);
  if (message.tone !== "bad") window.setTimeout(() => dismissToast(id), SHOWN_MS);
}
