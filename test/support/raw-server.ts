/** A TCP server that says exactly the bytes a test gives it: for receivers that break the rules. */
import { once } from "node:events";
import { type Socket, createServer } from "node:net";

import { portOf } from "./receiver.ts";

export interface RawServer {
  port: number;
  /** Connections accepted so far. */
  accepted(): number;
  /** What arrived on the n-th connection, counted from 1. */
  received(n: number): string;
  /** Resolves once no connection is open. */
  allClosed(): Promise<void>;
  close(): Promise<void>;
}

export type OnData = (socket: Socket, received: string) => void;

export async function startRawServer(onData: OnData, host = "127.0.0.1"): Promise<RawServer> {
  const received: string[] = [];
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    const index = received.push("") - 1;
    open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      open.delete(socket);
      server.emit("gone");
    });
    socket.on("data", (chunk) => {
      received[index] += chunk.toString("latin1");
      onData(socket, received[index] ?? "");
    });
  });
  server.listen(0, host);
  await once(server, "listening");
  return {
    port: portOf(server),
    accepted: () => received.length,
    received: (n) => received[n - 1] ?? "",
    async allClosed() {
      while (open.size > 0) await once(server, "gone");
    },
    async close() {
      const closed = once(server, "close");
      for (const socket of open) socket.destroy();
      server.close();
      await closed;
    },
  };
}
