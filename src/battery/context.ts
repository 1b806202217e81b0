/** What the routes of the battery API are given, and what they share. */
import type { Authenticate } from "../api/identity.ts";
import type { IdSource } from "../core/ids.ts";
import type { Clock, Log } from "../core/types.ts";
import type { Action } from "../storage/actions/action.ts";
import type { Storage } from "../storage/storage.ts";
import type { Acceptor } from "./acceptor.ts";
import type { Connectors } from "./connectors/connector.ts";
import type { DeviceCatalogue } from "./device-catalogue.ts";
import type { DeviceReader } from "./device-reader.ts";
import type { Envelope } from "./envelope.ts";

export interface BatteryRoutesOptions {
  storage: Storage;
  clock: Clock;
  log: Log;
  ids: IdSource;
  authenticate: Authenticate;
  connectors: Connectors;
  /** Actions that were just committed: `DeviceDriver.handOff`. */
  onAccepted: (actions: Action[]) => void;
}

export interface BatteryContext extends BatteryRoutesOptions {
  acceptor: Acceptor;
  catalogue: DeviceCatalogue;
  reader: DeviceReader;
  envelope: Envelope;
}
