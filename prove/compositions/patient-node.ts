/**
 * The real server with one planted bug: no deadline spans a whole exchange, as with HTTP clients that
 * only limit the silence between two packets. For the negative controls only.
 */
import { Exchange } from "../../src/sender/exchange.ts";

// Private to its class, not at run time: a planted bug reaches where callers must not.
const hidden: object = Exchange.prototype;
if (!("expire" in hidden)) throw new Error("The deadline to take away is not there.");
hidden.expire = (): void => undefined;

await import("../../src/main.ts");
