/**
 * The real server with one planted bug: it answers 202 first and commits 200 ms later, as systems do
 * that buffer writes. For the negative controls only.
 */
import { setTimeout as delay } from "node:timers/promises";
import { IdSource } from "../../src/core/ids.ts";
import { Engine } from "../../src/engine/engine.ts";
import { type Row, type Statement, Storage } from "../../src/storage/storage.ts";

const LATE_MS = 200;

const { make } = IdSource.prototype;
let lastId = "";
IdSource.prototype.make = function makeAndRemember(prefix) {
  lastId = make.call(this, prefix);
  return lastId;
};

const ignore = (): void => undefined;
const { publishFor } = Engine.prototype;
Engine.prototype.publishFor = function publishHastily(request, tell) {
  publishFor.call(this, request, ignore, ignore);
  tell({ kind: "accepted", messageId: lastId, createdAt: Date.now() });
};

const { query } = Storage.prototype;
Storage.prototype.query = async function queryLate<R extends Row>(
  this: Storage,
  declared: Statement,
  values: unknown[],
): Promise<R[]> {
  if (declared.name === "insert-messages") await delay(LATE_MS);
  // What the original returns for this very row type.
  return query.call(this, declared, values) as Promise<R[]>;
};

await import("../../src/main.ts");
