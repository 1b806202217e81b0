/**
 * The receiver: bare sockets and just enough HTTP/1.1 to answer keep-alive posts, since what it
 * costs is taken from what is measured (`node:http` takes three times the CPU). The same for every
 * row of every benchmark.
 */
import { createServer, type Server, type Socket } from "node:net";
import { type Methods, serve } from "../harness/child.ts";
import { monotonicMs, wallMs } from "../harness/time.ts";

/** hang: accepts and never answers. endless: a body without end. */
export type Manner = "answer" | "fail" | "hang" | "endless";

const ANSWERS: Record<"answer" | "fail", Buffer> = {
  answer: Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
  fail: Buffer.from("HTTP/1.1 500 Internal Server Error\r\ncontent-length: 2\r\n\r\nno"),
};
const ENDLESS_HEAD = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n";
const ENDLESS_PART = Buffer.alloc(64 * 1024, "x");
const HEAD_END = "\r\n\r\n";
const EMPTY = Buffer.alloc(0);
/** Who waits for more and gets nothing for so long is told so. */
const SILENCE_MS_MAX = 60_000;

const servers: Server[] = [];
let received = 0;
/** Only requests that are dealt with so are counted; null: all. */
let counted: Manner | null = null;
let lastAt = monotonicMs();
let waiting: { count: number; resolve: (at: number) => void; reject: (error: Error) => void }[] =
  [];
/** Message id → when it first arrived; null: not wanted. */
let arrivals: Map<string, number> | null = null;
/** From `completedAt` in the body to the arrival, per event; null: not wanted. */
let sinceCompleted: number[] | null = null;

function headerOf(head: string, name: string): string | undefined {
  const at = head.indexOf(`\r\n${name}: `);
  if (at === -1) return undefined;
  const from = at + name.length + 4;
  const end = head.indexOf("\r\n", from);
  return head.slice(from, end === -1 ? undefined : end);
}

function note(head: string, body: Buffer, manner: Manner): void {
  if (counted !== null && manner !== counted) return;
  received += 1;
  if (arrivals !== null) {
    const id = headerOf(head, "svix-id");
    if (id !== undefined && !arrivals.has(id)) arrivals.set(id, monotonicMs());
  }
  if (sinceCompleted !== null) {
    const completedAt = /"completedAt":"([^"]+)"/.exec(body.toString("latin1"))?.[1];
    if (completedAt !== undefined) sinceCompleted.push(wallMs() - Date.parse(completedAt));
  }
  if (waiting.length === 0) return;
  lastAt = monotonicMs();
  const reached = waiting.filter(({ count }) => received >= count);
  if (reached.length === 0) return;
  waiting = waiting.filter(({ count }) => received < count);
  for (const { resolve } of reached) resolve(lastAt);
}

function checkSilence(): void {
  if (monotonicMs() - lastAt < SILENCE_MS_MAX) return;
  for (const { count, reject } of waiting) {
    reject(new Error(`Only ${received} of ${count} requests came; then none for a minute.`));
  }
  waiting = [];
}

setInterval(checkSilence, 1_000).unref();

function pourEndlessly(socket: Socket): void {
  const pour = (): void => {
    while (!socket.destroyed && socket.write(ENDLESS_PART));
  };
  socket.on("drain", pour);
  socket.write(ENDLESS_HEAD);
  pour();
}

function receive(socket: Socket, manner: Manner): void {
  let rest: Buffer = EMPTY;
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (;;) {
      const headEnd = data.indexOf(HEAD_END, at, "latin1");
      if (headEnd === -1) break;
      const head = data.toString("latin1", at, headEnd);
      const bodyAt = headEnd + HEAD_END.length;
      const end = bodyAt + Number(headerOf(head, "content-length") ?? 0);
      if (end > data.length) break;
      note(head, data.subarray(bodyAt, end), manner);
      at = end;
      if (manner === "endless") pourEndlessly(socket);
      else if (manner !== "hang") socket.write(ANSWERS[manner]);
    }
    rest = at === data.length ? EMPTY : data.subarray(at);
  });
}

const methods = {
  /** Opens `count` ports, each an origin of its own. @returns their URLs */
  async open({ manner, count = 1 }: { manner: Manner; count?: number }): Promise<string[]> {
    const urls: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const server = createServer((socket) => receive(socket, manner));
      servers.push(server);
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(0, "127.0.0.1", 1024, resolve);
      });
      const address = server.address();
      if (address === null || typeof address === "string") throw new Error("No TCP port.");
      urls.push(`http://127.0.0.1:${address.port}`);
    }
    return urls;
  },

  /** Forgets what was received; from now on keeps what is asked for. */
  async reset({
    count = null,
    keepArrivals = false,
    keepSinceCompleted = false,
  }: {
    count?: Manner | null;
    keepArrivals?: boolean;
    keepSinceCompleted?: boolean;
  }): Promise<void> {
    received = 0;
    counted = count;
    arrivals = keepArrivals ? new Map() : null;
    sinceCompleted = keepSinceCompleted ? [] : null;
  },

  async count(): Promise<number> {
    return received;
  },

  /** Resolves with the monotonic time of the `count`-th request since the reset. */
  reached({ count }: { count: number }): Promise<number> {
    if (received >= count) return Promise.resolve(monotonicMs());
    lastAt = monotonicMs();
    return new Promise((resolve, reject) => {
      waiting.push({ count, resolve, reject });
    });
  },

  async arrivals(): Promise<Map<string, number>> {
    return arrivals ?? new Map();
  },

  async sinceCompleted(): Promise<number[]> {
    return sinceCompleted ?? [];
  },
} satisfies Methods;

export type Receiver = typeof methods;

serve(methods);
