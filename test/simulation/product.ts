/** The code under test, loaded from a folder: `src` as it is, or a copy with a planted bug. */
import path from "node:path";
import { pathToFileURL } from "node:url";
import type * as idsModule from "../../src/core/ids.ts";
import type * as engineModule from "../../src/engine/engine.ts";
import type * as ownershipModule from "../../src/engine/ownership.ts";
import type * as deleteModule from "../../src/storage/endpoints/delete-endpoint.ts";
import type * as secretModule from "../../src/storage/endpoints/endpoint-secret.ts";
import type * as updateModule from "../../src/storage/endpoints/update-endpoint.ts";
import type * as storageModule from "../../src/storage/storage.ts";

export const SOURCE_FOLDER = path.resolve(import.meta.dirname, "../../src");

export interface Product {
  IdSource: typeof idsModule.IdSource;
  Engine: typeof engineModule.Engine;
  Node: typeof ownershipModule.Node;
  Storage: typeof storageModule.Storage;
  updateEndpoint: typeof updateModule.updateEndpoint;
  deleteEndpoint: typeof deleteModule.deleteEndpoint;
  rotateEndpointSecret: typeof secretModule.rotateEndpointSecret;
}

export async function loadProduct(folder = SOURCE_FOLDER): Promise<Product> {
  const load = (file: string): Promise<unknown> =>
    import(/* @vite-ignore */ pathToFileURL(path.join(folder, file)).href);
  // A copy of the same files: whatever else was changed in it, their exports were not.
  const ids = (await load("core/ids.ts")) as typeof idsModule;
  const engine = (await load("engine/engine.ts")) as typeof engineModule;
  const ownership = (await load("engine/ownership.ts")) as typeof ownershipModule;
  const storage = (await load("storage/storage.ts")) as typeof storageModule;
  const update = (await load("storage/endpoints/update-endpoint.ts")) as typeof updateModule;
  const remove = (await load("storage/endpoints/delete-endpoint.ts")) as typeof deleteModule;
  const secret = (await load("storage/endpoints/endpoint-secret.ts")) as typeof secretModule;
  return {
    IdSource: ids.IdSource,
    Engine: engine.Engine,
    Node: ownership.Node,
    Storage: storage.Storage,
    updateEndpoint: update.updateEndpoint,
    deleteEndpoint: remove.deleteEndpoint,
    rotateEndpointSecret: secret.rotateEndpointSecret,
  };
}
