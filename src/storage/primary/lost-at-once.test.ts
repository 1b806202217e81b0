/** A server that ends a connection in the very bytes that accept it, as one that is shut down does. */
import { afterEach, expect, test } from "vitest";
import { silentLog, testVault } from "../../../test/support/factories.ts";
import { type RawServer, startRawServer } from "../../../test/support/raw-server.ts";
import { ping } from "../environments/ping.ts";
import { Storage } from "../storage.ts";

let server: RawServer;
let storage: Storage;

afterEach(async () => {
  await storage.close();
  await server.close();
});

/** A message of PostgreSQL's protocol: its type, its length, its content. */
function message(type: string, content: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(content.length + 4);
  return Buffer.concat([Buffer.from(type), length, Buffer.from(content, "latin1")]);
}

const AUTHENTICATED = message("R", "\0\0\0\0");
const READY = message("Z", "I");
const ENDED = message(
  "E",
  "SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0",
);

test("a connection that is lost as it is handed out is an error of its statement, not of the process", async () => {
  server = await startRawServer((socket) => {
    socket.end(Buffer.concat([AUTHENTICATED, READY, ENDED]));
  });
  const connectionUrl = `postgres://amps@127.0.0.1:${server.port}/amps`;
  storage = new Storage({ connectionUrl, vault: testVault, log: silentLog });
  await expect(ping(storage)).rejects.toThrow();
});
