/** Queries that follow what happens: asked again soon after it, however much happens at once. */
import { useEffect, useRef } from "react";
import { type QueryKey, useQueryClient } from "@tanstack/react-query";
import { type LiveEvent, useLive } from "./live.ts";

const PAUSE_MS = 1_000;

/**
 * @param queryKey what is asked again, with all below it
 * @param concerns whether an event changes it; by default any does
 */
export function useLiveRefresh(
  queryKey: QueryKey,
  concerns: (event: LiveEvent) => boolean = () => true,
): void {
  const queries = useQueryClient();
  const timer = useRef<number>(undefined);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  useLive((event) => {
    if (timer.current !== undefined || !(event.topic === "gap" || concerns(event))) return;
    // An answer under way is not given up: under a steady stream none would ever come.
    const refresh = (): void => {
      timer.current = undefined;
      void queries.invalidateQueries({ queryKey }, { cancelRefetch: false });
    };
    timer.current = window.setTimeout(refresh, PAUSE_MS);
  });
}
