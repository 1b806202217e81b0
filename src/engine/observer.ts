/** Who is told what the engine did, beside the logs: metrics and whoever else watches. */
import type { Attempted } from "./attempt.ts";

export interface EngineObserver {
  /** The result is committed, and counted: the bucket was still this node's. */
  recorded(attempted: Attempted): void;
}
