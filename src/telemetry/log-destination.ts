/**
 * Where log lines go: a bounded buffer before a file descriptor. Whoever logs never waits, and when
 * the reader has stopped or the disk is full, lines are dropped and counted; delivery goes on.
 *
 * Not pino's own destination: it waits for the reader when the process ends, and a pipe that nobody
 * reads would keep a stopping node for ever.
 */
import fs from "node:fs";
import type { Writable } from "node:stream";

const BUFFERED_BYTES_MAX = 1024 * 1024;
const FULL_DISK_PAUSE_MS = 1_000;

export interface LogDestination {
  write(line: string): void;
  /** Lines that were dropped so far. */
  readonly dropped: number;
  /** Resolves when everything was written, or after `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>;
}

/** Writes one buffer; calls back when more can be taken. Never throws. */
type Write = (bytes: Buffer, done: (failed: boolean) => void) => void;

class BufferedDestination implements LogDestination {
  readonly #write: Write;
  readonly #bytesMax: number;
  #lines: string[] = [];
  #bytes = 0;
  #writing = 0;
  #dropped = 0;
  #idle: (() => void)[] = [];

  constructor(write: Write, bytesMax: number) {
    this.#write = write;
    this.#bytesMax = bytesMax;
  }

  get dropped(): number {
    return this.#dropped;
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#bytes + bytes > this.#bytesMax) {
      this.#dropped += 1;
      return;
    }
    this.#lines.push(line);
    this.#bytes += bytes;
    if (this.#writing === 0) this.#next();
  }

  async flush(timeoutMs: number): Promise<void> {
    if (this.#bytes === 0) return;
    await new Promise<void>((resolve) => {
      setTimeout(resolve, timeoutMs).unref();
      this.#idle.push(resolve);
    });
  }

  #next(): void {
    const lines = this.#lines;
    if (lines.length === 0) {
      for (const resolve of this.#idle.splice(0)) resolve();
      return;
    }
    this.#lines = [];
    this.#writing = lines.length;
    const bytes = Buffer.from(lines.join(""));
    this.#write(bytes, (failed) => {
      if (failed) this.#dropped += this.#writing;
      this.#bytes -= bytes.length;
      this.#writing = 0;
      this.#next();
    });
  }
}

/** A pipe or socket: the event loop tells when it takes more, so no thread is held by a stopped reader. */
function streamWrite(stream: Writable): Write {
  // The reader left; every write says so itself.
  stream.on("error", () => undefined);
  return (bytes, done) => {
    stream.write(bytes, (error) => done(error !== undefined && error !== null));
  };
}

/** A file or terminal, in the thread pool. A full disk is asked again after a pause, not in a loop. */
function fileWrite(fd: number): Write {
  const writeFrom = (bytes: Buffer, done: (failed: boolean) => void): void => {
    fs.write(fd, bytes, (error, written) => {
      if (error !== null) setTimeout(done, FULL_DISK_PAUSE_MS, true).unref();
      else if (written < bytes.length) writeFrom(bytes.subarray(written), done);
      else done(false);
    });
  };
  return writeFrom;
}

/** @param stream standard error, or another stream of a descriptor */
export function createLogDestination(
  stream: Writable & { fd: number },
  bytesMax = BUFFERED_BYTES_MAX,
): LogDestination {
  const stat = fs.fstatSync(stream.fd);
  const isStream = stat.isFIFO() || stat.isSocket();
  return new BufferedDestination(isStream ? streamWrite(stream) : fileWrite(stream.fd), bytesMax);
}
