import { freemem } from "node:os";
import type { Memory } from "../processes/memory.ts";
import { Child } from "./child.ts";

/**
 * Lets the machine have so much free memory at hand that it handed out a moment ago; at most half of what is free.
 *
 * Under a hypervisor that takes free memory back, a page that has to come from there costs 15 µs where one that was
 * freed a moment ago costs 2. A large preparation uses up those, so that what is measured after it pays: `backlog`
 * 4.3 µs of CPU for each delivery with a million waiting, and 0.1 µs without.
 */
export async function freshenMemory(bytes: number): Promise<void> {
  const memory = new Child<Memory>("memory.ts");
  try {
    await memory.call("touch", { bytes: Math.min(bytes, freemem() / 2) });
  } finally {
    await memory.end();
  }
}
