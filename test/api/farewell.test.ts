/** A server that stops, as the clients on its open connections see it. */
import { expect, test } from "vitest";
import { RawClient } from "../support/raw-client.ts";
import { World } from "./world.ts";

function request(line: string, key: string, body = ""): string {
  const head = [
    `${line} HTTP/1.1`,
    "host: amps.example",
    `authorization: Bearer ${key}`,
    "content-type: application/json",
    `content-length: ${body.length}`,
  ];
  return [...head, "", body].join("\r\n");
}

/** Both ways that requests are read: a publish passes Node's HTTP server by. */
function requests({ sandboxKey }: World): string[] {
  return [
    request("POST /api/v1/app/default/msg", sandboxKey, '{"eventType":"a.b","payload":{}}'),
    request("GET /api/v1/app/default", sandboxKey),
  ];
}

/** Resolves when nobody listens there any more. */
async function refused(url: string): Promise<void> {
  for (;;) {
    try {
      (await RawClient.open(url)).socket.destroy();
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toMatch(/^ECONN(REFUSED|RESET)$/);
      return;
    }
  }
}

test("a connection that was used a moment ago has its next request answered, as its last", async () => {
  const world = await World.open({ farewellMs: 60_000 });
  const url = await world.listen();
  const kept = await Promise.all(
    requests(world).map(async (text) => {
      const client = await RawClient.open(url);
      const { headers } = await client.send(text).receive();
      expect(headers["connection"]).toBe("keep-alive");
      return { client, text };
    }),
  );
  const fresh = await RawClient.open(url);
  const stopped = world.close();
  await refused(url);
  const [first = ""] = requests(world);
  for (const { client, text } of [...kept, { client: fresh, text: first }]) {
    const { status, headers } = await client.send(text).receive();
    expect([Math.floor(status / 100), headers["connection"]]).toEqual([2, "close"]);
    await client.closed();
  }
  // As soon as all of them are gone, not after a minute.
  await stopped;
});

test("connections on which nothing is asked do not hold up the end", async () => {
  const world = await World.open();
  const url = await world.listen();
  const idle = await Promise.all(
    requests(world).map(async (text) => {
      const client = await RawClient.open(url);
      await client.send(text).receive();
      return client;
    }),
  );
  await Promise.all([world.close(), ...idle.map((client) => client.closed())]);
});
