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
    lose: (bucket: number, release?: () => Promise<unknown>) => Promise<void>;
  };
  const { lose } = deliveries;
  deliveries.epochOf = (bucket) => deliveries.owned.get(bucket);
  // It still shares with its peers; but what is taken from it, it does not believe.
  deliveries.lose = async (bucket, release) => {
    if (release !== undefined) await lose.call(deliveries, bucket, release);
  };
  await start.call(this);
};

await import("../../src/main.ts");
