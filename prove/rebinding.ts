/**
 * A name whose addresses change between two looks: first one that may be reached, then one that may
 * not, or both in one answer. The real sender over a resolver of ours; a trap counts connections.
 */
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { systemClock } from "../src/clock.ts";
import { parseCidrList } from "../src/core/address.ts";
import { createSender } from "../src/sender/sender.ts";
import { portOf } from "../test/support/receiver.ts";
import { type Check, check } from "./experiment.ts";

const REACHABLE = "127.0.0.2";
const DENIED: readonly (readonly string[])[] = [
  ["127.0.0.1"],
  [REACHABLE, "127.0.0.1"],
  ["127.0.0.1", REACHABLE],
  ["::1"],
  ["::ffff:127.0.0.1"],
  ["0.0.0.0"],
  ["169.254.169.254"],
  [REACHABLE, "10.0.0.1"],
];

export async function tryRebinding(tries: number): Promise<Check[]> {
  const allowed = parseCidrList(`${REACHABLE}/32`);
  if (!allowed.ok) throw new Error(allowed.problems.join());
  const receiver = createHttpServer((request, response) => {
    request.resume();
    // A kept connection would need no second look at the name.
    response.writeHead(200, { connection: "close" }).end("ok");
  });
  receiver.listen(0, REACHABLE);
  await once(receiver, "listening");
  const port = portOf(receiver);
  let trapped = 0;
  const trap = createServer((socket) => {
    trapped += 1;
    socket.destroy();
  });
  trap.listen(port, "127.0.0.1");
  await once(trap, "listening");
  let answer: readonly string[] = [];
  const sender = createSender({
    egressAllow: allowed.list,
    clock: systemClock,
    resolver: {
      resolve: () => Promise.resolve({ ok: true, addresses: answer }),
      close: () => undefined,
    },
  });
  const send = (): ReturnType<typeof sender.send> =>
    sender.send({
      url: `http://rebinding.example:${port}/hook`,
      headers: {},
      body: Buffer.from("{}"),
      timeoutMs: 10_000,
    });
  let passed = 0;
  const wrong: string[] = [];
  for (let index = 0; index < tries; index += 1) {
    answer = [REACHABLE];
    const first = await send();
    if (first.kind === "response") passed += 1;
    answer = DENIED[index % DENIED.length] ?? [];
    const second = await send();
    if (second.kind === "response" || second.code !== "address_denied") {
      wrong.push(`${answer.join(" + ")}: ${second.kind === "response" ? "sent" : second.code}`);
    }
  }
  await sender.close();
  for (const server of [receiver, trap]) {
    const closed = once(server, "close");
    server.close();
    await closed;
  }
  return [
    check("the allowed address is reached", passed === tries, `${passed} of ${tries}`),
    check(
      "a rebound name is refused",
      wrong.length === 0,
      `${wrong.length} of ${tries} ${wrong.slice(0, 3).join("; ")}`,
    ),
    check("no connection to a denied address", trapped === 0, `${trapped} connections`),
  ];
}
