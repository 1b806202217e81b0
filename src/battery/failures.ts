/**
 * Why an action failed, as the resource and `push.failed` name it (`connectors.md` §5). Stable;
 * `docs/battery-api.md` explains each, and a test holds the two together.
 */

export const FAILURES = {
  DEVICE_OFFLINE: "The device could not be reached.",
  SCHEDULER_ACTIVE: "A schedule of the device itself is in control.",
  INVALID_CREDENTIALS: "The device or its vendor refused our credentials.",
  DEVICE_REJECTED: "The device refused the command.",
  DEVICE_BUSY: "The device was busy until the deadline.",
  OUTCOME_UNKNOWN: "The command was sent, but its effect could not be found out.",
  NOT_APPLIED: "The command was sent, but the device does not hold it.",
  PARTIALLY_APPLIED: "The device took over only a part of the command.",
  EXPIRED: "The action could not be started in time.",
  DEVICE_IDENTITY_MISMATCH: "Another device answers at this address.",
} as const;

export type FailureCode = keyof typeof FAILURES;

export function isFailureCode(code: string): code is FailureCode {
  return Object.hasOwn(FAILURES, code);
}
