import { expect, test } from 'vitest';
import type { Endpoint, Flow } from '../../server/core/flow.ts';
import { nanos } from '../../server/core/time.ts';
import type { DropsResponse } from '../../server/http/contract.ts';
import type { FlowReader } from '../../server/store/flow-store.ts';
import { openApi } from '../support/api.ts';
import { aDrop, aFlow, batchOf } from '../support/flow.ts';

const { source: WEB, destination: DB } = aFlow();
const WORLD: Endpoint = {
  ...{ kind: 'network', cluster: '', namespace: '', pod: '', workload: '', workloadKind: '' },
  ...{ name: 'world', identity: 2, labels: ['reserved:world'] },
};

/** Flows of the last minutes, in seconds before now. */
function flowsAt(now: bigint): readonly Flow[] {
  const at = (seconds: number) => nanos(now - BigInt(seconds) * 1_000_000_000n);
  const denied = (seconds: number, differences: Partial<Flow>) =>
    aDrop({ observedAt: at(seconds), direction: 'ingress', ...differences });
  const seen = (seconds: number, differences: Partial<Flow>) =>
    aFlow({ observedAt: at(seconds), ...differences });
  const answer = { source: DB, sourceIp: '10.0.0.2', destination: WEB, destinationIp: '10.0.0.1' };
  return [
    // 1: tried again in vain; that the sending node let it out is no success.
    ...[300, 299, 297].map((seconds) => denied(seconds, { destinationPort: 1 })),
    ...[300, 299, 297].map((seconds) =>
      seen(seconds - 1, { destinationPort: 1, reporter: 'source' }),
    ),
    // 2: answered after the retry.
    denied(200, { destinationPort: 2 }),
    seen(198, { ...answer, sourcePort: 2, destinationPort: 40_000, reply: 'yes' }),
    // 3: worked before.
    seen(400, { destinationPort: 3, reporter: 'destination' }),
    denied(100, { destinationPort: 3 }),
    // 4: nobody listens to multicast.
    denied(90, { destinationPort: 4, destinationIp: '224.0.0.251' }),
    // 5: just now.
    denied(2, { destinationPort: 5 }),
    // 6 to 10: from outside, at many doors.
    ...[6, 7, 8, 9, 10].map((destinationPort) =>
      denied(80, { source: WORLD, sourceIp: '198.51.100.7', destinationPort }),
    ),
  ];
}

test('drop groups say whether they do harm, by what else their ends did', async () => {
  await using api = await openApi();
  await api.store.append(batchOf(flowsAt(api.services.clock.now())));
  const response = await api.get('/api/v1/drops?t=1h');
  const { groups } = (await response.json()) as DropsResponse;
  const kinds = groups.map(({ latest, harm }) => [latest.destination.port, harm?.kind]);
  expect(kinds.toSorted(([a], [b]) => Number(a) - Number(b))).toEqual([
    [1, 'harmful'],
    [2, 'recovered'],
    [3, 'harmful'],
    [4, 'noise'],
    [5, 'unclear'],
    ...[6, 7, 8, 9, 10].map((port) => [port, 'noise']),
  ]);
});

test('what was found of a group is not looked for again, until it is dropped again', async () => {
  let pages = 0;
  await using api = await openApi({
    reader: (store): FlowReader => ({
      ...store,
      page: (query, request) => {
        pages += 1;
        return store.page(query, request);
      },
    }),
  });
  const now = api.services.clock.now();
  const drop = (seconds: number) =>
    aDrop({ observedAt: nanos(now - BigInt(seconds) * 1_000_000_000n), destinationPort: 1 });
  const ask = async () => {
    const { groups } = (await (await api.get('/api/v1/drops?t=1h')).json()) as DropsResponse;
    return groups.map(({ harm }) => harm?.why);
  };
  await api.store.append(batchOf([drop(400), drop(350)]));
  expect(await ask()).toEqual(['2 attempts, and none went through.']);
  const first = pages;
  expect(first).toBeGreaterThan(0);
  expect(await ask()).toEqual(['2 attempts, and none went through.']);
  expect(pages).toBe(first);
  await api.store.append(batchOf([drop(100)]));
  expect(await ask()).toEqual(['3 attempts, and none went through.']);
  expect(pages).toBeGreaterThan(first);
});
