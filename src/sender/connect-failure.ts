/** Why a connection did not come about, already in the words of `SendErrorCode`. */
import type { SendErrorCode } from "../core/send-result.ts";

export class ConnectFailure extends Error {
  readonly failure: SendErrorCode;

  constructor(failure: SendErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ConnectFailure";
    this.failure = failure;
  }
}

/** What the abort of a connection attempt stands for; anything else was our own shutdown. */
export function abortReason(signal: AbortSignal): ConnectFailure {
  return signal.reason instanceof ConnectFailure
    ? signal.reason
    : new ConnectFailure("aborted", "The sender was closed.", { cause: signal.reason });
}

/** Rejects with the signal's reason as soon as it aborts, whatever `work` still does. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(abortReason(signal));
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
