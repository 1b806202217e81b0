/**
 * The real server with one planted bug: a node believes that what it once owned is its own, lease or
 * not. For the negative controls only.
 */
import { Node, type Ownership } from "../../src/engine/ownership.ts";

const { start } = Node.prototype;
Node.prototype.start = async function startForEver() {
  // Members of the class behind the interface: a planted bug reaches where callers must not.
  const deliveries = this.deliveries as Ownership & {
    owned: Map<number, number>;
    lose: () => Promise<void>;
  };
  deliveries.epochOf = (bucket) => deliveries.owned.get(bucket);
  deliveries.lose = () => Promise.resolve();
  await start.call(this);
};

await import("../../src/main.ts");
