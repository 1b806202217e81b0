/** Actions and batteries as the API shows them. */
import { RawJson } from "../api/json-text.ts";
import { ACTION_TYPE } from "../core/action.ts";
import type { UnixMs } from "../core/types.ts";
import type { Action } from "../storage/actions/action.ts";
import type { KnownDevice } from "./device-catalogue.ts";
import type { ObservedText } from "./device-state.ts";

function iso(at: UnixMs): string {
  return new Date(at).toISOString();
}

function isoOrNull(at: UnixMs | null): string | null {
  return at === null ? null : iso(at);
}

export function actionResource(action: Action): object {
  return {
    id: action.actionId,
    deviceId: action.deviceId,
    deviceType: action.deviceType,
    actionType: ACTION_TYPE,
    command: action.command,
    parameters: new RawJson(action.parameters),
    state: action.state,
    result: action.state === "completed" ? { success: true, message: action.resultMessage } : null,
    errorCode: action.errorCode,
    errorMessage: action.errorMessage,
    createdAt: iso(action.createdAt),
    updatedAt: iso(action.updatedAt),
    acknowledgedAt: isoOrNull(action.acknowledgedAt),
    completedAt: isoOrNull(action.completedAt),
    start: isoOrNull(action.startAt),
    end: isoOrNull(action.endAt),
    links: { self: `/actions/${action.actionId}` },
  };
}

export interface BatteryView {
  known: KnownDevice;
  observed: ObservedText | null;
  /** Null: the battery was not asked. */
  reachable: boolean | null;
  lastAction: Action | undefined;
}

export function batteryResource({ known, observed, reachable, lastAction }: BatteryView): object {
  const { device, description } = known;
  return {
    id: device.deviceId,
    deviceId: device.deviceId,
    deviceType: device.deviceType,
    name: device.name,
    userId: device.userId,
    reachable,
    state: observed === null ? null : stateText(observed),
    capabilities: description.capabilities,
    lastAction: lastAction === undefined ? null : actionResource(lastAction),
    createdAt: iso(device.createdAt),
    links: { self: `/battery/${device.deviceId}` },
  };
}

function stateText({ state, observedAt }: ObservedText): RawJson {
  const body = state.endsWith("}") && state.length > 2 ? `${state.slice(0, -1)},` : "{";
  return new RawJson(`${body}"observedAt":"${iso(observedAt)}"}`);
}
