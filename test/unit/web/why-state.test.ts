import { expect, test } from 'vitest';
import type { WhyResponse } from '../../../server/http/contract.ts';
import { type Api, RequestFailed } from '../../../web/src/api/client.ts';
import { WhyState } from '../../../web/src/state/why.svelte.ts';
import { eventually } from '../../support/eventually.ts';
import { readExplanation } from '../../support/explanations.ts';

const answerOf = (seq: number, of: string): WhyResponse => ({
  ...readExplanation('01-default-deny-peer'),
  headline: `${seq} ${of}`,
  seq,
});

/** A server whose answers come when the test says so. */
function heldServer() {
  const asked: { readonly key: string; answer(): void; fail(): void }[] = [];
  const why: Api['why'] = (seq, of) =>
    new Promise((resolve, reject) => {
      asked.push({
        key: `${seq} ${of}`,
        answer: () => resolve(answerOf(seq, of)),
        fail: () =>
          reject(
            new RequestFailed({
              ...{ type: '', title: 'The store failed', detail: 'it is full', status: 503 },
              ...{ code: 'store-failed', requestId: '' },
            }),
          ),
      });
    });
  return { asked, state: new WhyState({ why }) };
}

test('an answer that comes after another question is asked is not shown', async () => {
  const { asked, state } = heldServer();
  state.show({ seq: 1, of: 'then' });
  state.show({ seq: 2, of: 'then' });
  asked[1]!.answer();
  asked[0]!.answer();
  await eventually(() => expect(state.answer?.headline).toBe('2 then'));
  expect(state.loading).toBe(false);
});

test('one reads on while the same flow is weighed by other policies, and not while another flow is', async () => {
  const { asked, state } = heldServer();
  state.show({ seq: 1, of: 'then' });
  asked[0]!.answer();
  await eventually(() => expect(state.answer?.headline).toBe('1 then'));
  state.show({ seq: 1, of: 'now' });
  expect(state.answer?.headline).toBe('1 then');
  expect(state.loading).toBe(true);
  state.show({ seq: 2, of: 'now' });
  expect(state.answer).toBeUndefined();
});

test('the same question is asked once; after a failure it is asked again on request', async () => {
  const { asked, state } = heldServer();
  state.show({ seq: 1, of: 'then' });
  state.show({ seq: 1, of: 'then' });
  expect(asked).toHaveLength(1);
  asked[0]!.fail();
  await eventually(() => expect(state.problem?.detail).toBe('it is full'));
  expect(state.loading).toBe(false);
  state.retry();
  expect(state.problem).toBeUndefined();
  asked[1]!.answer();
  await eventually(() => expect(state.answer?.headline).toBe('1 then'));
});
