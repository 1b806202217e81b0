/** What the machine leaves to this process: memory before the kernel kills it, disk for the database. */
import { readFileSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { getHeapStatistics } from "node:v8";
import type { Clock } from "../core/types.ts";

const MEMORY_READ_MS = 100;
const DISK_READ_MS = 2_000;
/** Above this part of what the process may have, no new work is taken. */
const MEMORY_PART_MAX = 0.9;
/** Resident memory stays high after a peak, and is used again: alone it says little. */
const USED_PART_MAX = 0.45;
const MEBIBYTE = 1024 * 1024;
/** Kept free for what is under way: PostgreSQL stops for good, not for a while, when its disk is full. */
const DISK_PART_MIN = 0.05;
const DISK_BYTES_MIN = 32 * MEBIBYTE;
const DISK_BYTES_MAX = 512 * MEBIBYTE;

/** Of the database, logs, files; what is left is shared by receivers and clients. */
const DESCRIPTORS_SPARED = 64;
const RECEIVERS_PART = 0.6;
const CLIENTS_PART = 0.3;
const RECEIVERS_MAX = 4_096;
const CLIENTS_MAX = 2_000;

export interface SocketShares {
  /** Sockets to receivers. */
  receivers: number;
  /** Connections of clients. */
  clients: number;
}

/** Shares the file descriptors out, so that no side can take the last one from the others. */
export function shareSockets(descriptorsMax: number): SocketShares {
  const free = Math.max(0, descriptorsMax - DESCRIPTORS_SPARED);
  return {
    receivers: Math.max(16, Math.min(RECEIVERS_MAX, Math.floor(free * RECEIVERS_PART))),
    clients: Math.max(16, Math.min(CLIENTS_MAX, Math.floor(free * CLIENTS_PART))),
  };
}

/** How many file descriptors this process may open; Infinity where that cannot be read. */
export function readDescriptorsMax(): number {
  try {
    const limits = readFileSync("/proc/self/limits", "utf8");
    const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
    return soft === undefined ? Infinity : Number(soft);
  } catch {
    return Infinity;
  }
}

export interface MemoryReading {
  /** Resident. */
  residentBytes: number;
  /** Live objects and buffers, before garbage collection. */
  usedBytes: number;
  heapBytes: number;
  heapBytesMax: number;
  /** Of the cgroup; undefined: none is set. */
  limitBytes: number | undefined;
}

function readMemory(): MemoryReading {
  const { rss, heapUsed, external } = process.memoryUsage();
  const limit = process.constrainedMemory();
  return {
    residentBytes: rss,
    usedBytes: heapUsed + external,
    heapBytes: heapUsed,
    heapBytesMax: getHeapStatistics().heap_size_limit,
    // Without a limit Linux gives a number beyond any machine.
    limitBytes: limit > 0 && limit < 2 ** 50 ? limit : undefined,
  };
}

export class MemoryWatch {
  readonly #clock: Clock;
  readonly #read: () => MemoryReading;
  #short = false;
  #readAt = -Infinity;

  constructor(clock: Clock, read = readMemory) {
    this.#clock = clock;
    this.#read = read;
  }

  /** Cheap: asked for every request. */
  get short(): boolean {
    const now = this.#clock.monotonic();
    if (now - this.#readAt < MEMORY_READ_MS) return this.#short;
    this.#readAt = now;
    const { residentBytes, usedBytes, heapBytes, heapBytesMax, limitBytes } = this.#read();
    const heapIsFull = heapBytes > MEMORY_PART_MAX * heapBytesMax;
    const limitIsNear =
      limitBytes !== undefined &&
      residentBytes > MEMORY_PART_MAX * limitBytes &&
      usedBytes > USED_PART_MAX * limitBytes;
    this.#short = heapIsFull || limitIsNear;
    return this.#short;
  }
}

export interface DiskReading {
  freeBytes: number;
  totalBytes: number;
}

async function readDisk(folder: string): Promise<DiskReading> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

/** Free space where the embedded database lives. */
export class DiskWatch {
  readonly folder: string;
  readonly #clock: Clock;
  readonly #read: (folder: string) => Promise<DiskReading>;
  #reading: DiskReading | undefined;
  #cancel = (): void => undefined;
  #stopped = false;

  constructor(folder: string, clock: Clock, read = readDisk) {
    this.folder = folder;
    this.#clock = clock;
    this.#read = read;
  }

  /** Resolves after the first look. */
  async start(): Promise<void> {
    // What cannot be read is not held against the node.
    this.#reading = await this.#read(this.folder).catch(() => undefined);
    if (this.#stopped) return;
    this.#cancel = this.#clock.after(DISK_READ_MS, () => void this.start());
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  get freeBytes(): number | undefined {
    return this.#reading?.freeBytes;
  }

  get short(): boolean {
    if (this.#reading === undefined) return false;
    const { freeBytes, totalBytes } = this.#reading;
    const part = DISK_PART_MIN * totalBytes;
    return freeBytes < Math.max(DISK_BYTES_MIN, Math.min(part, DISK_BYTES_MAX));
  }
}
