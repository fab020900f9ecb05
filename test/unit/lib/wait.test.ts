import { expect, test } from 'vitest';
import { unlessAborted } from '../../../server/lib/wait.ts';

test('what was asked answers, and how it fails is told', async () => {
  const { signal } = new AbortController();
  await expect(unlessAborted(Promise.resolve(1), signal)).resolves.toBe(1);
  await expect(unlessAborted(Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
});

test.each(['before', 'after'])(
  'a signal that aborts %s the call ends the wait, and what fails later is of no concern',
  async (when) => {
    const stop = new AbortController();
    const { promise, reject } = Promise.withResolvers<number>();
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      if (when === 'before') stop.abort();
      const answer = unlessAborted(promise, stop.signal);
      stop.abort();
      expect(await answer).toBeUndefined();
      reject(new Error('too late'));
      // Node tells of a rejection that nobody handles before the next turn of its loop.
      await new Promise(setImmediate);
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  },
);
