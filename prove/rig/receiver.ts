/** The other side: a real HTTP receiver that checks signatures by itself and writes down what it sees. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { portOf } from "../../test/support/receiver.ts";
import { type Ledger, sha256 } from "./ledger.ts";

export interface LedgerReceiverOptions {
  ledger: Ledger;
  /** `whsec_…` */
  secret: string;
  host?: string;
  /** Before it answers, so that requests are in flight when a fault strikes. */
  delayMs?: () => number;
  /** Of the answer; 200 unless told otherwise. */
  status?: (messageId: string) => number;
}

/** As the specification says it, not by the code under test. */
function isSigned(secret: string, request: IncomingMessage, body: Buffer): boolean {
  const {
    "webhook-id": id,
    "webhook-timestamp": time,
    "webhook-signature": header,
  } = request.headers;
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const text = `${String(id)}.${String(time)}.${body.toString()}`;
  const expected = Buffer.from(`v1,${createHmac("sha256", key).update(text).digest("base64")}`);
  const given = Buffer.from(String(header));
  return given.length === expected.length && timingSafeEqual(given, expected);
}

export class LedgerReceiver {
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  static async start(options: LedgerReceiverOptions): Promise<LedgerReceiver> {
    const { ledger, secret, host = "127.0.0.1", delayMs = () => 0, status = () => 200 } = options;
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("error", () => undefined);
      response.on("error", () => undefined);
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const body = Buffer.concat(chunks);
        const messageId = String(request.headers["webhook-id"]);
        response.statusCode = status(messageId);
        ledger.receive({
          messageId,
          status: response.statusCode,
          hash: sha256(body),
          at: Date.now(),
          signed: isSigned(secret, request, body),
          from: request.socket.remoteAddress ?? "",
        });
        const waitMs = delayMs();
        if (waitMs === 0) response.end("ok");
        else void delay(waitMs).then(() => response.end("ok"));
      });
    });
    server.keepAliveTimeout = 60_000;
    server.listen(0, host);
    await once(server, "listening");
    return new LedgerReceiver(server, `http://${host}:${portOf(server)}`);
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}
