/**
 * Keyboard shortcuts: single keys (`r`), sequences (`g e`) and `mod+k`. Off while typing and while a
 * dialog is open. What is registered is what `?` lists.
 */
import { useLayoutEffect, useRef } from "react";
import { Store } from "./store.ts";

export interface Shortcut {
  /** `r`, `?`, `Enter`, `g e`, `mod+k` (⌘ on Apple's, Ctrl elsewhere). */
  keys: string;
  label: string;
  /** Heading in the help. */
  group: string;
  run: () => void;
}

const SEQUENCE_MS_MAX = 1_200;

export const shortcuts = new Store<readonly Shortcut[]>([]);
export const isApple = /Mac|iP(hone|ad|od)/.test(navigator.userAgent);

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  // Nothing is typed into a box that is ticked.
  if (target instanceof HTMLInputElement && target.type === "checkbox") return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

function isDialogOpen(): boolean {
  return document.querySelector('[role="dialog"], [role="alertdialog"]') !== null;
}

/** Keys that a focused control uses itself. */
function isTaken(event: KeyboardEvent): boolean {
  if (event.key !== "Enter" && event.key !== " ") return false;
  return event.target instanceof HTMLElement && event.target.closest("a, button, summary") !== null;
}

let pending = "";
let pendingAt = 0;

function findShortcut(event: KeyboardEvent): Shortcut | undefined {
  const all = shortcuts.get().toReversed();
  if (event.metaKey || event.ctrlKey) {
    const other = event.altKey || event.shiftKey || (isApple ? !event.metaKey : !event.ctrlKey);
    if (other) return undefined;
    return all.find(({ keys }) => keys === `mod+${event.key.toLowerCase()}`);
  }
  if (event.altKey || isTyping(event.target) || isTaken(event) || isDialogOpen()) {
    return undefined;
  }
  const prefix = event.timeStamp - pendingAt < SEQUENCE_MS_MAX ? pending : "";
  const typed = prefix === "" ? event.key : `${prefix} ${event.key}`;
  pending = "";
  const found = all.find(({ keys }) => keys === typed);
  if (found !== undefined) return found;
  if (all.some(({ keys }) => keys.startsWith(`${event.key} `))) {
    pending = event.key;
    pendingAt = event.timeStamp;
  }
  return undefined;
}

export function listenForShortcuts(): () => void {
  const listen = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.isComposing) return;
    const found = findShortcut(event);
    if (found === undefined) return;
    event.preventDefault();
    found.run();
  };
  window.addEventListener("keydown", listen);
  return () => window.removeEventListener("keydown", listen);
}

/**
 * Registers while the component is mounted, before it is painted: what is seen answers to its keys.
 * Later registrations win. Handlers may change freely.
 */
export function useShortcuts(wanted: readonly Shortcut[]): void {
  const latest = useRef(wanted);
  useLayoutEffect(() => {
    latest.current = wanted;
  });
  const names = wanted.map(({ keys, label, group }) => `${keys}\n${label}\n${group}`).join("\n\n");
  useLayoutEffect(() => {
    const mine = latest.current.map((shortcut, index) => ({
      ...shortcut,
      run: () => latest.current[index]?.run(),
    }));
    shortcuts.set([...shortcuts.get(), ...mine]);
    return () => shortcuts.set(shortcuts.get().filter((one) => !mine.includes(one)));
    // Registered anew only when what the help shows has changed.
    // oxlint-disable-next-line react/exhaustive-effect-dependencies
  }, [names]);
}
