/** Receivers that break every rule, one TCP server each, and how an attempt at each of them must end. */
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { gzipSync } from "node:zlib";
import { hasOpenssl, makeCertificate } from "../../test/support/certificates.ts";
import { portOf } from "../../test/support/receiver.ts";

/** How it must end: delivered, or failed for one of these reasons. */
export type Ending = "delivered" | readonly string[];

interface Behaviour {
  name: string;
  ends: Ending;
  secure?: boolean;
  /** Serves TLS with this; without it a secure behaviour is given bare TCP. */
  tls?: () => TlsOptions;
  /** Called once per connection. */
  onConnect?: (socket: Socket) => void;
  /** Called once per request. */
  onRequest?: (socket: Socket) => void;
}

export interface Hostile {
  name: string;
  ends: Ending;
  url: string;
}

const OK = "HTTP/1.1 200 OK\r\n";
const DRIP_MS = 100;
const CHUNK = `10000\r\n${"x".repeat(0x10000)}\r\n`;
const BOMB_BYTES = 10 * 1024 * 1024;

function drip(socket: Socket, text: string): void {
  let at = 0;
  const timer = setInterval(() => {
    socket.write(text[at % text.length] ?? "");
    at += 1;
  }, DRIP_MS);
  socket.on("close", () => clearInterval(timer));
}

/** Writes as fast as it is read, for ever. */
function pour(socket: Socket, first: string, again: string): void {
  socket.write(first);
  const more = (): void => {
    while (!socket.destroyed && socket.write(again));
  };
  socket.on("drain", more);
  more();
}

const BEHAVIOURS: readonly Behaviour[] = [
  { name: "never answers", ends: ["timeout"] },
  { name: "never reads", ends: ["timeout"], onConnect: (socket) => void socket.pause() },
  {
    name: "drips its header",
    ends: ["timeout", "too_large"],
    onRequest: (socket) => drip(socket, `${OK}x-a: ${"b".repeat(2_000)}`),
  },
  {
    name: "drips its body",
    ends: ["timeout"],
    onRequest: (socket) => {
      socket.write(`${OK}content-length: 100000\r\n\r\n`);
      drip(socket, "x");
    },
  },
  {
    name: "resets at connect",
    ends: ["reset"],
    onConnect: (socket) => void socket.resetAndDestroy(),
  },
  { name: "hangs up at connect", ends: ["reset"], onConnect: (socket) => void socket.end() },
  {
    name: "resets in its header",
    ends: ["reset"],
    onRequest: (socket) => void socket.write(`${OK}x-a: b`, () => socket.resetAndDestroy()),
  },
  {
    name: "hangs up in its header",
    ends: ["reset"],
    onRequest: (socket) => void socket.end(`${OK}x-a: b`),
  },
  {
    name: "resets in its body",
    ends: ["reset"],
    onRequest: (socket) =>
      void socket.write(`${OK}content-length: 9\r\n\r\nabc`, () => socket.resetAndDestroy()),
  },
  {
    name: "hangs up in its body",
    ends: ["reset"],
    onRequest: (socket) => void socket.end(`${OK}content-length: 9\r\n\r\nabc`),
  },
  {
    name: "floods with 1xx",
    ends: ["protocol"],
    onRequest: (socket) => pour(socket, "", "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"),
  },
  {
    name: "speaks no HTTP",
    ends: ["protocol"],
    onRequest: (socket) => void socket.end("SSH-2.0-OpenSSH_9.2\r\n"),
  },
  {
    name: "sends two lengths",
    ends: ["protocol"],
    onRequest: (socket) =>
      void socket.end(`${OK}content-length: 3\r\ncontent-length: 5\r\n\r\nabcde`),
  },
  {
    name: "sends a body without end",
    ends: "delivered",
    onRequest: (socket) => pour(socket, `${OK}transfer-encoding: chunked\r\n\r\n`, CHUNK),
  },
  {
    name: "sends a gzip bomb",
    ends: "delivered",
    onRequest: (socket) => {
      const bomb = gzipSync(Buffer.alloc(BOMB_BYTES));
      socket.write(`${OK}content-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`);
      socket.end(bomb);
    },
  },
  {
    name: "chains encodings",
    ends: "delivered",
    onRequest: (socket) =>
      void socket.end(
        `${OK}content-encoding: ${Array.from({ length: 2_000 }, () => "gzip").join(",")}\r\n` +
          "content-length: 2\r\n\r\nok",
      ),
  },
  {
    name: "sends one header without end",
    ends: ["too_large"],
    onRequest: (socket) => pour(socket, `${OK}x-a: `, "b".repeat(0x10000)),
  },
  {
    name: "sends headers without end",
    ends: ["too_large"],
    onRequest: (socket) => pour(socket, OK, "x-a: b\r\n".repeat(1_000)),
  },
  {
    name: "is bare TCP where TLS is due",
    ends: ["tls", "timeout", "reset"],
    secure: true,
    onRequest: (socket) => void socket.end(`${OK}content-length: 0\r\n\r\n`),
  },
  { name: "stalls its TLS handshake", ends: ["timeout"], secure: true },
];

function certified(): readonly Behaviour[] {
  if (!hasOpenssl()) return [];
  const selfSigned = makeCertificate(30);
  const expired = makeCertificate(-1);
  return [
    { name: "signs its own certificate", ends: ["tls"], secure: true, tls: () => selfSigned },
    { name: "has an expired certificate", ends: ["tls"], secure: true, tls: () => expired },
    {
      name: "offers an obsolete TLS",
      ends: ["tls", "reset"],
      secure: true,
      tls: () => ({ ...selfSigned, minVersion: "TLSv1", maxVersion: "TLSv1.1" }),
    },
  ];
}

/** All of them on free ports of loopback, with the redirects and the trap that nobody may follow. */
export class HostileReceivers {
  readonly all: Hostile[] = [];
  /** Requests that arrived where only a followed redirect leads. */
  followed = 0;
  readonly #servers: Server[] = [];
  readonly #open = new Set<Socket>();

  static async start(): Promise<HostileReceivers> {
    const receivers = new HostileReceivers();
    for (const behaviour of [...BEHAVIOURS, ...certified()]) {
      const port = await receivers.#listen(behaviour);
      const { name, ends, secure = false } = behaviour;
      const url = `${secure ? "https" : "http"}://127.0.0.1:${port}/hook`;
      receivers.all.push({ name, ends, url });
    }
    await receivers.#startRedirects();
    await receivers.#startNobody();
    return receivers;
  }

  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    for (const server of this.#servers) {
      if (!server.listening) continue;
      const closed = once(server, "close");
      server.close();
      await closed;
    }
  }

  async #startRedirects(): Promise<void> {
    const trap = await this.#listen({
      name: "trap",
      ends: "delivered",
      onRequest: (socket) => {
        this.followed += 1;
        socket.end(`${OK}content-length: 0\r\n\r\n`);
      },
    });
    for (const [name, target] of [
      ["redirects to another host", `http://127.0.0.1:${trap}/`],
      ["redirects to the metadata service", "http://169.254.169.254/latest/"],
      ["redirects to itself", "/hook"],
    ] as const) {
      const answer = `HTTP/1.1 307 Again\r\nlocation: ${target}\r\ncontent-length: 0\r\n\r\n`;
      const port = await this.#listen({
        name,
        ends: ["status"],
        onRequest: (socket) => void socket.write(answer),
      });
      this.all.push({ name, ends: ["status"], url: `http://127.0.0.1:${port}/hook` });
    }
  }

  async #startNobody(): Promise<void> {
    const port = await this.#listen({ name: "nobody", ends: ["refused"] });
    const server = this.#servers.pop();
    server?.close();
    const url = `http://127.0.0.1:${port}/hook`;
    this.all.push({ name: "does not listen", ends: ["refused"], url });
  }

  async #listen(behaviour: Behaviour): Promise<number> {
    const serve = (socket: Socket): void => this.#serve(socket, behaviour);
    const server =
      behaviour.tls === undefined ? createServer(serve) : createTlsServer(behaviour.tls(), serve);
    server.on("tlsClientError", () => undefined);
    server.on("connection", (socket: Socket) => {
      this.#open.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => this.#open.delete(socket));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    this.#servers.push(server);
    return portOf(server);
  }

  #serve(socket: Socket, { onConnect, onRequest }: Behaviour): void {
    socket.on("error", () => undefined);
    socket.on("data", () => onRequest?.(socket));
    onConnect?.(socket);
  }
}
