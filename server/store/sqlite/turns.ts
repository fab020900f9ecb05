/** Runs one piece of work after the other, in the order of the calls, whatever became of the one before. */
export type InTurn = <T>(run: () => T | Promise<T>) => Promise<T>;

export function createTurns(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (run) => {
    const result = last.then(run, run);
    last = result;
    return result;
  };
}

/** Lets the event loop do what waits. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Long work is cut into slices of about this length. */
const SLICE_MS = 5;

/** `give` waits for the event loop when the slice is used up, and answers whether it did. */
export function createSlices(): { give(): Promise<boolean> } {
  let until = performance.now() + SLICE_MS;
  return {
    async give() {
      if (performance.now() < until) return false;
      await nextTurn();
      until = performance.now() + SLICE_MS;
      return true;
    },
  };
}
