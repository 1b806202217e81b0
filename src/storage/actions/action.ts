/** An action as it is stored. */
import type { ActionState } from "../../core/action.ts";
import type { UnixMs } from "../../core/types.ts";

export interface Action {
  environmentId: string;
  actionId: string;
  deviceId: string;
  deviceType: string;
  bucket: number;
  userId: string | null;
  command: string;
  /** JSON text: parameter name → quantity, canonical order. */
  parameters: string;
  /** JSON text: what `sandbox` of the push asked for. */
  sandbox: string | null;
  state: ActionState;
  resultMessage: string | null;
  errorCode: string | null;
  errorMessage: string | null;
  startAt: UnixMs | null;
  endAt: UnixMs | null;
  createdAt: UnixMs;
  updatedAt: UnixMs;
  acknowledgedAt: UnixMs | null;
  completedAt: UnixMs | null;
}

export interface ActionRow {
  [column: string]: unknown;
  environment_id: string;
  action_id: string;
  device_id: string;
  device_type: string;
  bucket: number;
  user_id: string | null;
  command: string;
  parameters: string;
  sandbox: string | null;
  state: ActionState;
  result_message: string | null;
  error_code: string | null;
  error_message: string | null;
  start_at: UnixMs | null;
  end_at: UnixMs | null;
  created_at: UnixMs;
  updated_at: UnixMs;
  acknowledged_at: UnixMs | null;
  completed_at: UnixMs | null;
}

export function actionFromRow(row: ActionRow): Action {
  return {
    environmentId: row.environment_id,
    actionId: row.action_id,
    deviceId: row.device_id,
    deviceType: row.device_type,
    bucket: row.bucket,
    userId: row.user_id,
    command: row.command,
    parameters: row.parameters,
    sandbox: row.sandbox,
    state: row.state,
    resultMessage: row.result_message,
    errorCode: row.error_code,
    errorMessage: row.error_message,
    startAt: row.start_at,
    endAt: row.end_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    acknowledgedAt: row.acknowledged_at,
    completedAt: row.completed_at,
  };
}
