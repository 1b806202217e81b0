/**
 * The two events an action can end with, as bytes (`contract.md` §5). What is stored here is signed
 * and sent as it is. `push.failed` has no `result` key: receivers route on it first.
 */
import { ACTION_TYPE } from "../core/action.ts";
import type { Action } from "../storage/actions/action.ts";
import type { UnixMs } from "../core/types.ts";

export type ActionEnd =
  | { state: "completed"; message: string }
  | { state: "failed"; code: string; message: string };

export interface PushEvent {
  eventType: "push.completed" | "push.failed";
  payload: Buffer;
}

export function pushEvent(
  action: Pick<Action, "actionId" | "deviceId" | "command" | "parameters">,
  end: ActionEnd,
  endedAt: UnixMs,
): PushEvent {
  const parameters = JSON.parse(action.parameters) as object; // Written by the push that made it.
  const shared = {
    actionId: action.actionId,
    deviceId: action.deviceId,
    actionType: ACTION_TYPE,
    parameters: { mode: action.command, ...parameters },
  };
  const at = new Date(endedAt).toISOString();
  if (end.state === "completed") {
    const result = { success: true, message: end.message };
    const payload = Buffer.from(JSON.stringify({ ...shared, result, completedAt: at }));
    return { eventType: "push.completed", payload };
  }
  const error = { code: end.code, message: end.message };
  const payload = Buffer.from(JSON.stringify({ ...shared, error, failedAt: at }));
  return { eventType: "push.failed", payload };
}
