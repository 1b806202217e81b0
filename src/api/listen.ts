/** Opens the port, and says what to do when that is not possible. */
import type { FastifyInstance } from "fastify";
import type { ListenAddress } from "../core/address.ts";

/** @throws with what to do */
export async function listen(
  api: FastifyInstance,
  { host, port }: ListenAddress,
): Promise<ListenAddress> {
  try {
    await api.listen({ host, port });
  } catch (cause) {
    if (!(cause instanceof Error) || !("code" in cause)) throw cause;
    if (cause.code === "EADDRINUSE") {
      throw new Error(
        `Port ${port} on ${host} is already in use. Stop what listens there, ` +
          "or choose another port with AMPS_PORT (0 takes a free one).",
        { cause },
      );
    }
    throw new Error(`Amps cannot listen on ${host}, port ${port}: check AMPS_HOST and AMPS_PORT.`, {
      cause,
    });
  }
  const address = api.server.address();
  if (address === null || typeof address === "string") throw new Error("The API has no TCP port.");
  return { host, port: address.port };
}

/** As people on this machine reach it. */
export function urlOf({ host, port }: ListenAddress): string {
  const shown = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `http://${shown.includes(":") ? `[${shown}]` : shown}:${port}`;
}
