import { expect, test } from 'vitest';
import type { FlowsResponse } from '../../../server/http/contract.ts';
import type { Api, FlowsRequest } from '../../../web/src/api/client.ts';
import { Search } from '../../../web/src/state/search.svelte.ts';
import { COMPLETE, flowJson } from './flows.ts';

type Part = {
  readonly seqs: readonly number[];
  readonly next: number | null;
  readonly left?: number;
};

const AT = '2026-11-23T08:00:00.000000000Z';

/** Answers with one part after the other, and notes what was asked. */
function searchOver(parts: readonly Part[]) {
  const asked: FlowsRequest[] = [];
  const seen: { readonly seqs: readonly number[]; readonly left: number | undefined }[] = [];
  const search = new Search();
  const stop = new AbortController();
  const api: Pick<Api, 'flows'> = {
    flows: (request) => {
      const part = parts[asked.push(request) - 1];
      if (part === undefined) throw new Error('asked for more than there is');
      const { seqs, next, left } = part;
      return Promise.resolve({
        flows: seqs.map((seq) => flowJson(seq)),
        next,
        searching: left === undefined ? null : { left, at: AT },
        head: 99,
        q: '',
        range: null,
        gaps: [],
        completeness: COMPLETE,
      } satisfies FlowsResponse);
    },
  };
  const request = { api: api as Api, q: 'pod:x', t: 'all', signal: stop.signal };
  const run = (limit: number, onpart: () => void = () => undefined, after?: number) =>
    search.run(request, { limit, after }, ({ flows }) => {
      seen.push({ seqs: flows.map(({ seq }) => seq), left: search.progress?.left });
      onpart();
    });
  return { search, asked, seen, run, stop };
}

test('parts follow each other until as many flows are found as were asked for', async () => {
  const { search, asked, seen, run } = searchOver([
    { seqs: [9], next: 8, left: 7 },
    { seqs: [], next: 4, left: 3 },
    { seqs: [3, 2], next: 2 },
  ]);
  await run(3);
  expect(seen).toEqual([
    { seqs: [9], left: undefined },
    { seqs: [], left: 7 },
    { seqs: [3, 2], left: 3 },
  ]);
  expect(asked.map(({ limit, after }) => [limit, after])).toEqual([
    [3, undefined],
    [2, 8],
    [2, 4],
  ]);
  expect(search).toMatchObject({ progress: undefined, stopped: false });
});

test('a stopped search says where it stands, and goes on from there', async () => {
  const { search, asked, run } = searchOver([
    { seqs: [9], next: 8, left: 7 },
    { seqs: [5], next: null },
  ]);
  await run(100, () => search.stop());
  expect(search).toMatchObject({ progress: { left: 7, at: AT }, stopped: true });
  expect(asked).toHaveLength(1);

  await run(100, undefined, 8);
  expect(asked[1]).toMatchObject({ after: 8 });
  expect(search).toMatchObject({ progress: undefined, stopped: false });
});

test('a part that comes after its view is gone is not shown', async () => {
  const { seen, run, stop } = searchOver([{ seqs: [9], next: 8, left: 7 }]);
  const running = run(100);
  stop.abort();
  await running;
  expect(seen).toEqual([]);
});
