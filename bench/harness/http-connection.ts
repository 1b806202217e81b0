/** One keep-alive connection of the load generator: a post at a time, next to no cost of its own. */
import { connect, type Socket } from "node:net";

export interface HttpAnswer {
  status: number;
  body: string;
}

const EMPTY = Buffer.alloc(0);

/** A whole answer at the start of `data`, and how many bytes it has. */
function readAnswer(data: Buffer): { answer: HttpAnswer; bytes: number } | undefined {
  const headEnd = data.indexOf("\r\n\r\n", 0, "latin1");
  if (headEnd === -1) return undefined;
  const head = data.toString("latin1", 0, headEnd);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error(`An answer without content-length:\n${head}`);
  const bytes = headEnd + 4 + Number(length);
  if (data.length < bytes) return undefined;
  const body = data.toString("utf8", headEnd + 4, bytes);
  return { answer: { status: Number(head.slice(9, 12)), body }, bytes };
}

export class HttpConnection {
  readonly #socket: Socket;
  readonly #headers: string;
  #rest: Buffer = EMPTY;
  #asked: PromiseWithResolvers<HttpAnswer> | undefined;

  constructor(url: string, apiKey: string) {
    const { hostname, port } = new URL(url);
    this.#headers =
      ` HTTP/1.1\r\nhost: ${hostname}:${port}\r\nauthorization: Bearer ${apiKey}\r\n` +
      "content-type: application/json\r\ncontent-length: ";
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket.on("data", (chunk: Buffer) => this.#read(chunk));
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", () => this.#fail(new Error("The server closed the connection.")));
  }

  /** One at a time. */
  post(path: string, body: string): Promise<HttpAnswer> {
    if (this.#asked !== undefined) throw new Error("The connection is busy.");
    this.#asked = Promise.withResolvers();
    const length = Buffer.byteLength(body);
    this.#socket.write(`POST ${path}${this.#headers}${length}\r\n\r\n${body}`);
    return this.#asked.promise;
  }

  /** One at a time. */
  get(path: string): Promise<HttpAnswer> {
    if (this.#asked !== undefined) throw new Error("The connection is busy.");
    this.#asked = Promise.withResolvers();
    this.#socket.write(`GET ${path}${this.#headers}0\r\n\r\n`);
    return this.#asked.promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    try {
      const read = readAnswer(data);
      this.#rest = read === undefined ? data : data.subarray(read.bytes);
      if (read === undefined) return;
      const asked = this.#asked;
      this.#asked = undefined;
      asked?.resolve(read.answer);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #fail(error: Error): void {
    const asked = this.#asked;
    this.#asked = undefined;
    asked?.reject(error);
  }
}
