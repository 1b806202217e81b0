/** A sender that may reach loopback, and receivers for it, all closed when the test ends. */
import type { Socket } from "node:net";
import { onTestFinished } from "vitest";

import { systemClock } from "../../src/clock.ts";
import { parseCidrList } from "../../src/core/address.ts";
import type { SendRequest, SendResponse, SendResult, Sender } from "../../src/core/send-result.ts";
import { type SenderOptions, createSender } from "../../src/sender/sender.ts";
import { type OnData, type RawServer, startRawServer } from "./raw-server.ts";
import { type Handler, type Receiver, startReceiver } from "./receiver.ts";

export function loopbackSender(more: Partial<SenderOptions> = {}): Sender {
  const allow = parseCidrList("127.0.0.0/8 ::1");
  if (!allow.ok) throw new Error(allow.problems.join());
  const sender = createSender({ egressAllow: allow.list, clock: systemClock, ...more });
  onTestFinished(() => sender.close());
  return sender;
}

export async function rawServer(onData: OnData): Promise<RawServer> {
  const server = await startRawServer(onData);
  onTestFinished(() => server.close());
  return server;
}

export async function receiver(handler?: Handler): Promise<Receiver> {
  const started = await startReceiver(handler);
  onTestFinished(() => started.close());
  return started;
}

export function post(port: number, more: Partial<SendRequest> = {}): SendRequest {
  const url = `http://127.0.0.1:${port}/hook`;
  return { url, headers: {}, body: Buffer.from("{}"), timeoutMs: 30_000, ...more };
}

export function expectResponse(result: SendResult): SendResponse {
  if (result.kind === "error") throw new Error(`${result.code}: ${result.message}`);
  return result;
}

/** Answers each whole request of `post` with the given bytes, then does `after`. */
export function answering(text: string, after?: (socket: Socket) => void): OnData {
  return (socket, received) => {
    if (!received.endsWith("{}")) return;
    socket.write(text, "latin1");
    after?.(socket);
  };
}
