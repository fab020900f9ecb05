import { expect, test } from 'vitest';
import type { Api } from '../../../web/src/api/client.ts';
import { PairSteps } from '../../../web/src/state/pair-steps.ts';
import { COMPLETE, flowJson } from './flows.ts';

/** The flows of one pair, and how often they were asked for. */
function pairOf(seqs: readonly number[]) {
  const asked: number[] = [];
  const around: Api['around'] = (seq, { limit }) => {
    asked.push(seq);
    const before = seqs.filter((other) => other < seq).toReversed();
    const after = seqs.filter((other) => other > seq);
    const side = (all: readonly number[]) => ({
      flows: all.slice(0, limit).map((other) => flowJson(other)),
      next: null,
    });
    return Promise.resolve({
      of: 'pair',
      q: '',
      flow: flowJson(seq),
      before: side(before),
      after: side(after),
      completeness: COMPLETE,
    });
  };
  return { asked, steps: new PairSteps({ around }) };
}

test('goes through the events of a pair both ways, and asks only where it does not know', async () => {
  const { asked, steps } = pairOf([3, 7, 9]);
  expect(await steps.step(7, 'before')).toEqual({ kind: 'found', seq: 3 });
  expect(await steps.step(3, 'after')).toEqual({ kind: 'found', seq: 7 });
  expect(await steps.step(7, 'after')).toEqual({ kind: 'found', seq: 9 });
  expect(asked).toEqual([7]);
});

test('asks again at the end, where more may have come, and says when there is none', async () => {
  const { asked, steps } = pairOf([3, 7]);
  await steps.step(3, 'after');
  expect(await steps.step(7, 'after')).toEqual({
    kind: 'none',
    why: 'No later event of this pair is stored',
  });
  expect(asked).toEqual([3, 7]);
});

test('leaves the step that was asked for last', async () => {
  const { steps } = pairOf([3, 7, 9]);
  const first = steps.step(7, 'before');
  const second = steps.step(7, 'after');
  expect(await first).toBeUndefined();
  expect(await second).toEqual({ kind: 'found', seq: 9 });
});
