/** Storage that tells how long each statement took, waiting for a connection included. */
import { type Row, type Statement, Storage, type StorageOptions } from "./storage.ts";

export interface StatementObserver {
  /** @returns what to call when the answer is there, with whether the statement succeeded */
  begun(statementName: string): (succeeded: boolean) => void;
}

export class ObservedStorage extends Storage {
  readonly #observer: StatementObserver;

  constructor(options: StorageOptions, observer: StatementObserver) {
    super(options);
    this.#observer = observer;
  }

  override async query<R extends Row>(declared: Statement, values: unknown[]): Promise<R[]> {
    const ended = this.#observer.begun(declared.name);
    try {
      const rows = await super.query<R>(declared, values);
      ended(true);
      return rows;
    } catch (error) {
      ended(false);
      throw error;
    }
  }
}
