import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface Received {
  status: number;
  headers: Record<string, string>;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look wherever they like
  body: any;
}

/** A client that says exactly what it is told to. */
export class RawClient {
  readonly socket: Socket;
  #data = "";

  private constructor(socket: Socket) {
    this.socket = socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      this.#data += chunk;
    });
  }

  static async open(url: string): Promise<RawClient> {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    await once(socket, "connect");
    return new RawClient(socket.setNoDelay(true));
  }

  send(data: string): this {
    this.socket.write(data);
    return this;
  }

  /** The next answer. Lengths are counted in characters: what is sent here is ASCII. */
  async receive(): Promise<Received> {
    for (;;) {
      const end = this.#data.indexOf("\r\n\r\n");
      const head = this.#data.slice(0, Math.max(end, 0));
      const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
      if (end !== -1 && this.#data.length >= end + 4 + length) {
        const [statusLine = "", ...lines] = head.split("\r\n");
        const text = this.#data.slice(end + 4, end + 4 + length);
        this.#data = this.#data.slice(end + 4 + length);
        const pairs = lines.map((line): [string, string] => {
          const colon = line.indexOf(": ");
          return [line.slice(0, colon).toLowerCase(), line.slice(colon + 2)];
        });
        const body: unknown = text === "" ? null : JSON.parse(text);
        const headers = Object.fromEntries(pairs);
        return { status: Number(statusLine.split(" ")[1]), headers, body };
      }
      await once(this.socket, "data");
    }
  }

  async closed(): Promise<void> {
    if (!this.socket.closed) await once(this.socket, "close");
  }
}
