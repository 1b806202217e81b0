/** What was accepted and what arrived, kept outside the system under test: in memory and on disk. */
import { createHash } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import path from "node:path";
import type { Accepted, Receipt } from "../oracle.ts";

export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export class Ledger {
  readonly accepted: Accepted[] = [];
  readonly receipts: Receipt[] = [];
  readonly #acceptedAt = new Map<string, number>();
  readonly #arrivedAt = new Map<string, number>();
  readonly #files: { accepted: number; receipts: number };

  /** @param folder where `accepted.jsonl` and `receipts.jsonl` are written */
  constructor(folder: string) {
    this.#files = {
      accepted: openSync(path.join(folder, "accepted.jsonl"), "a"),
      receipts: openSync(path.join(folder, "receipts.jsonl"), "a"),
    };
  }

  accept(accepted: Accepted): void {
    this.accepted.push(accepted);
    this.#acceptedAt.set(accepted.messageId, accepted.at);
    writeSync(this.#files.accepted, `${JSON.stringify(accepted)}\n`);
  }

  receive(receipt: Receipt): void {
    this.receipts.push(receipt);
    if (!this.#arrivedAt.has(receipt.messageId)) {
      this.#arrivedAt.set(receipt.messageId, receipt.at);
    }
    writeSync(this.#files.receipts, `${JSON.stringify(receipt)}\n`);
  }

  hasArrived(messageId: string): boolean {
    return this.#arrivedAt.has(messageId);
  }

  /** Accepted, and not seen by the receiver yet. */
  missing(): number {
    return this.accepted.filter(({ messageId }) => !this.#arrivedAt.has(messageId)).length;
  }

  /** From each 202 to its first arrival, in ms; an arrival before the 202 counts as 0. */
  delays(): number[] {
    const delays: number[] = [];
    for (const [messageId, at] of this.#acceptedAt) {
      const arrivedAt = this.#arrivedAt.get(messageId);
      if (arrivedAt !== undefined) delays.push(Math.max(0, arrivedAt - at));
    }
    return delays;
  }

  close(): void {
    closeSync(this.#files.accepted);
    closeSync(this.#files.receipts);
  }
}
