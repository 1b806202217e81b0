/** The network as the test says: records every request and answers by a function, or not at all. */
import type { Sender, SendRequest, SendResponse, SendResult } from "../../src/core/send-result.ts";
import { Events } from "./events.ts";

export type Answer = (request: SendRequest, n: number) => SendResult | Promise<SendResult>;

/** An HTTP answer; 200 unless told otherwise. */
export function answer(status = 200, changes: Partial<SendResponse> = {}): SendResponse {
  return {
    kind: "response",
    status,
    headers: {},
    responseHeaders: "",
    body: Buffer.from("ok"),
    truncated: false,
    durationMs: 1,
    ...changes,
  };
}

/** The answer some turns of the event loop later: out of order without waiting for any time. */
export async function answerAfter(
  turns: number,
  result: SendResult = answer(),
): Promise<SendResult> {
  for (let turn = 0; turn < turns; turn += 1) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
  return result;
}

export const REFUSED: SendResult = {
  kind: "error",
  code: "refused",
  message: "Nothing listens there.",
  durationMs: 1,
};

export class FakeSender implements Sender {
  readonly requests: SendRequest[] = [];
  /** Decides about every request from now on. */
  answer: Answer;
  readonly #events: Events;
  readonly #hanging = new Set<(result: SendResult) => void>();

  constructor(events: Events = new Events(), decide: Answer = () => answer()) {
    this.#events = events;
    this.answer = decide;
  }

  async send(request: SendRequest): Promise<SendResult> {
    this.requests.push(request);
    const result = this.answer(request, this.requests.length);
    this.#events.signal();
    return result;
  }

  /** For an answer function: nothing comes back until `release`. */
  readonly hang = (): Promise<SendResult> =>
    new Promise((resolve) => {
      this.#hanging.add(resolve);
      this.#events.signal();
    });

  get hanging(): number {
    return this.#hanging.size;
  }

  release(result: SendResult = answer()): void {
    for (const resolve of this.#hanging) resolve(result);
    this.#hanging.clear();
  }

  close(): Promise<void> {
    this.release({ kind: "error", code: "aborted", message: "Closed.", durationMs: 0 });
    return Promise.resolve();
  }

  /** The n-th request, counted from 1. */
  async nth(n: number): Promise<SendRequest> {
    await this.#events.until(() => this.requests.length >= n, {
      describe: () => `request ${n}; there were ${this.requests.length}`,
    });
    const request = this.requests[n - 1];
    if (request === undefined) throw new Error(`There is no request ${n}.`);
    return request;
  }

  /** How often each message was sent, by its id. */
  countsByMessage(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { headers } of this.requests) {
      const id = headers["svix-id"] ?? "";
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    return counts;
  }
}
