import { describe, expect, test } from 'vitest';
import type { RecordedFlow, StoredFlow } from '../../../server/core/flow.ts';
import { nanos } from '../../../server/core/time.ts';
import { findTimeline } from '../../../server/operations/why/history.ts';
import type { FlowPage, FlowReader } from '../../../server/store/flow-store.ts';
import { aDrop, aFlow, stored } from '../../support/flow.ts';

const DROP: RecordedFlow = { ...aDrop(), seq: 9 };
const OLD: StoredFlow = stored(aFlow(), 2);

const all = (flows: readonly StoredFlow[]): FlowPage => ({
  ...{ flows, next: undefined, searching: undefined, head: 9 },
});
const cutShort: FlowPage = { ...all([]), searching: { left: 1_000, at: nanos(5n) } };

/** Answers the search for the last allowed one, and then that for the first drop. */
function readerOf(answers: readonly FlowPage[]): FlowReader {
  const left = [...answers];
  return { page: () => Promise.resolve(left.shift() ?? all([])) } as unknown as FlowReader;
}

describe('when a connection was last allowed and first dropped', () => {
  test('is told where everything was searched', async () => {
    const reader = readerOf([all([OLD]), all([])]);
    expect(await findTimeline(DROP, { reader })).toEqual({ lastAllowed: OLD, firstDropped: DROP });
  });

  test.each([
    ['the last allowed one', [cutShort, all([OLD])]],
    ['the first drop', [all([OLD]), cutShort]],
  ])('is not told at all where the search for %s was cut short', async (_, answers) => {
    const found = await findTimeline(DROP, { reader: readerOf(answers) });
    expect(found).toEqual({ lastAllowed: undefined, firstDropped: undefined });
  });
});
