/** What was noted lately, by key: of ever more keys the last ones only, so that memory stays bounded. */
export type Recent<T> = {
  readonly get: (key: string) => T | undefined;
  readonly set: (key: string, value: T) => void;
};

/**
 * Remembers at least the last `limit` keys that were set or met, and at most twice as many. What it forgets
 * follows from the calls alone: the same sequence of calls gives the same answers.
 */
export function createRecent<T>(limit: number): Recent<T> {
  let young = new Map<string, T>();
  let old = new Map<string, T>();
  const set = (key: string, value: T): void => {
    if (young.size >= limit && !young.has(key)) {
      old = young;
      young = new Map();
    }
    young.set(key, value);
  };
  return {
    get: (key) => {
      const found = young.get(key);
      if (found !== undefined) return found;
      const older = old.get(key);
      if (older !== undefined) set(key, older);
      return older;
    },
    set,
  };
}
