import type { Express } from "express";

export interface Outcomes {
  storeOnce(
    svixId: string,
    outcome: { actionId: string; state: string; detail: string },
  ): Promise<boolean>;
  close(): Promise<void>;
}
export function createReceiver(options: {
  secret: string;
  outcomes: Outcomes;
  log?: (line: string) => void;
}): Express;
