/** What a benchmark started, undone in reverse order: at its end, and on Ctrl-C. */

type Undo = () => Promise<unknown>;

const open: Undo[] = [];

export function onCleanup(undo: Undo): void {
  open.push(undo);
}

/** Undoes everything since `mark`, by default everything. The first failure is thrown at the end. */
export async function cleanUp(mark = 0): Promise<void> {
  let failure: Error | undefined;
  while (open.length > mark) {
    await open
      .pop()?.()
      .catch((error: unknown) => {
        failure ??= error instanceof Error ? error : new Error(String(error));
      });
  }
  if (failure !== undefined) throw failure;
}

/** Runs `work`, then undoes what it started. */
export async function tidily<T>(work: () => Promise<T>): Promise<T> {
  const mark = open.length;
  try {
    return await work();
  } finally {
    await cleanUp(mark);
  }
}
