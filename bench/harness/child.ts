/**
 * Processes of a benchmark: each serves a few methods over the channel to its parent and ends with
 * it. Started by file, called by name, typed by the served object.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

// Methods differ in their input; `never` lets each of them be assigned.
export type Methods = Record<string, (input: never) => Promise<unknown>>;

interface Question {
  id: number;
  method: string;
  input: unknown;
}

interface Answer {
  id: number;
  value?: unknown;
  failure?: string;
}

/** Serves `methods` to the parent until it is gone. */
export function serve(methods: Methods): void {
  process.on("disconnect", () => process.exit());
  // Ctrl-C reaches the whole group; the parent stops us in order.
  process.on("SIGINT", () => undefined);
  process.on("message", ({ id, method, input }: Question) => {
    void answer(methods, method, input).then((result) => process.send?.({ id, ...result }));
  });
}

async function answer(
  methods: Methods,
  method: string,
  input: unknown,
): Promise<Omit<Answer, "id">> {
  try {
    const called = methods[method];
    if (called === undefined) throw new Error(`There is no method ${method}.`);
    // The parent's types are those of the methods.
    return { value: await called(input as never) };
  } catch (error) {
    return { failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

export class Child<M extends Methods> {
  readonly #process: ChildProcess;
  readonly #name: string;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #asked = 0;

  /** @param file under `bench/processes/` */
  constructor(file: string, nodeArguments: string[] = []) {
    this.#name = path.basename(file, ".ts");
    this.#process = fork(path.resolve(import.meta.dirname, "../processes", file), {
      execArgv: nodeArguments,
      serialization: "advanced",
    });
    this.#process.on("message", ({ id, value, failure }: Answer) => {
      const asked = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (failure === undefined) asked?.resolve(value);
      else asked?.reject(new Error(`The ${this.#name} process failed: ${failure}`));
    });
    this.#process.on("exit", (code, signal) => {
      const end = new Error(`The ${this.#name} process ended (${signal ?? code}).`);
      for (const { reject } of this.#waiting.values()) reject(end);
      this.#waiting.clear();
    });
  }

  get pid(): number {
    if (this.#process.pid === undefined) throw new Error(`No ${this.#name} process was started.`);
    return this.#process.pid;
  }

  call<K extends keyof M & string>(method: K, ...input: Parameters<M[K]>): ReturnType<M[K]> {
    const id = (this.#asked += 1);
    const asked = Promise.withResolvers<unknown>();
    this.#waiting.set(id, asked);
    if (this.#process.connected) this.#process.send({ id, method, input: input[0] });
    else asked.reject(new Error(`The ${this.#name} process is gone.`));
    // What comes back is what the method of that name returned.
    return asked.promise as ReturnType<M[K]>;
  }

  /** Ends it. What it should end in order is stopped by a method of its own before. */
  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, "exit");
    if (this.#process.connected) this.#process.disconnect();
    await exited;
  }
}
