/** Takes memory from the machine; ends, and so gives it back. */
import { type Methods, serve } from "../harness/child.ts";

const PAGE_BYTES = 4096;
const PART_BYTES = 64 * 1024 * 1024;

const methods = {
  /** Writes to every page of so many bytes. */
  async touch({ bytes }: { bytes: number }): Promise<void> {
    const parts: Buffer[] = [];
    for (let left = bytes; left > 0; left -= PART_BYTES) {
      const part = Buffer.allocUnsafeSlow(Math.min(left, PART_BYTES));
      for (let at = 0; at < part.length; at += PAGE_BYTES) part[at] = 1;
      parts.push(part);
    }
  },
} satisfies Methods;

export type Memory = typeof methods;

serve(methods);
