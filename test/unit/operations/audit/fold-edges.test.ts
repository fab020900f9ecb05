import { describe, expect, test } from 'vitest';
import type { Endpoint, Flow } from '../../../../server/core/flow.ts';
import { foldEdges } from '../../../../server/operations/audit/fold-edges.ts';
import { aRow, hour } from '../../../support/connection-row.ts';
import { aFlow } from '../../../support/flow.ts';

const WEB = aFlow().source;
const DB = aFlow().destination;
const NOBODYS: Endpoint = { ...WEB, workload: '', workloadKind: '' };
const DROPPED: Flow['verdict'] = { kind: 'dropped', reason: 'POLICY_DENIED' };
const REPLY: Partial<Flow> = {
  ...{ reply: 'yes', source: DB, destination: WEB, sourcePort: 5_432, destinationPort: 40_000 },
  ...{ sourceIp: '10.0.0.2', destinationIp: '10.0.0.1' },
};

const folded = (...rows: readonly ReturnType<typeof aRow>[]) => foldEdges(rows);
const only = (...rows: readonly ReturnType<typeof aRow>[]) => {
  const { edges } = folded(...rows);
  expect(edges).toHaveLength(1);
  return edges[0]!.edge;
};

describe('one edge is made of', () => {
  test('all pods of both workloads', () => {
    const edge = only(aRow(), aRow({ source: { ...WEB, pod: 'web-1' }, sourceIp: '10.0.0.9' }));
    expect(edge.source).toMatchObject({ kind: 'workload', namespace: 'shop', workload: 'web' });
    expect(edge.events).toEqual({ allowed: 2, denied: 0, audited: 0 });
  });

  test('a pod before and after records name its owner', () => {
    const early = aRow({ source: NOBODYS }, { hours: [0] });
    const late = aRow({ source: WEB }, { hours: [2] });
    for (const rows of [
      [early, late],
      [late, early],
    ]) {
      const edge = only(...rows);
      expect(edge.source).toMatchObject({ workload: 'web', workloadKind: 'Deployment' });
      expect([edge.firstAt, edge.lastAt]).toEqual([hour(0), hour(2.5)]);
    }
    // Of another cluster it may be another pod.
    const elsewhere = aRow({ source: { ...NOBODYS, cluster: 'west' } });
    expect(folded(elsewhere, late).edges).toHaveLength(2);
    expect(only(aRow({ source: NOBODYS })).source).toMatchObject({ workload: 'web-0' });
  });

  test('requests and replies', () => {
    const edge = only(aRow(), aRow({ ...REPLY, event: 'trace' }, { events: 3, hours: [1] }));
    expect(edge).toMatchObject({ port: 5_432, protocol: 'tcp', lastAt: hour(1.5) });
    expect(edge.source).toMatchObject({ workload: 'web' });
    expect(edge.destination).toMatchObject({ workload: 'db' });
  });

  test('what both sides report, counted by the one that reports more', () => {
    const edge = only(
      aRow({ direction: 'egress' }, { events: 5 }),
      aRow({ direction: 'ingress' }, { events: 4 }),
      aRow({ direction: 'ingress', verdict: DROPPED }, { events: 3 }),
    );
    expect(edge.seenAt).toBe('both');
    expect(edge.events).toEqual({ allowed: 4, denied: 3, audited: 0 });
  });

  test('verdicts and traces of the same connections, which count once', () => {
    const trace = aRow({ event: 'trace' }, { events: 90 });
    const again = aRow({ event: 'drop', verdict: DROPPED }, { events: 7 });
    const verdicts = [aRow({}, { events: 6 }), aRow({ verdict: DROPPED }, { events: 2 })];
    expect(only(trace, again, ...verdicts).events).toEqual({ allowed: 6, denied: 2, audited: 0 });
    expect(only(trace, again).events).toEqual({ allowed: 90, denied: 7, audited: 0 });
    expect(only(aRow({ verdict: { kind: 'audit' } })).events.audited).toBe(1);
  });
});

describe('no edge is made of', () => {
  test.each([
    ['a trace that may be a reply', { event: 'trace', reply: 'unknown' }],
    ['a socket that was translated', { event: 'socket' }],
    [
      'a drop for another reason',
      { verdict: { kind: 'dropped', reason: 'CT_MAP_INSERTION_FAILED' } },
    ],
  ] as const)('%s, which is counted', (_, flow) => {
    expect(folded(aRow(flow, { events: 4 }))).toEqual({ edges: [], left: 4 });
    expect(folded(aRow(), aRow(flow, { events: 4 }))).toMatchObject({ edges: [{}], left: 4 });
  });
});

test('a verdict that does not say whether it is for a reply is for a request', () => {
  expect(only(aRow({ reply: 'unknown' })).destination).toMatchObject({ workload: 'db' });
});

test('edges are told apart by port, protocol, kind of owner and what stands outside', () => {
  const outside: Endpoint = {
    ...{ kind: 'network', cluster: '', namespace: '', pod: '', workload: '', workloadKind: '' },
    ...{ name: '', identity: 2, labels: ['reserved:world'] },
  };
  const { edges } = folded(
    aRow(),
    aRow({ destinationPort: 80 }),
    aRow({ protocol: 'udp' }),
    aRow({ source: { ...WEB, workloadKind: 'Job' } }),
    aRow({ destination: outside, destinationIp: '192.0.2.7' }),
    aRow({ destination: outside, destinationIp: '192.0.2.8', destinationNames: ['a.example'] }),
    aRow({ destination: outside, destinationIp: '192.0.2.9', destinationNames: ['a.example'] }),
    aRow({ destination: { ...outside, labels: ['reserved:kube-apiserver', 'reserved:world'] } }),
    aRow({ destination: { ...outside, labels: ['reserved:remote-node'] } }),
  );
  expect(edges.map(({ edge, rows }) => [edge.destination.kind, rows.length])).toEqual(
    expect.arrayContaining([
      ['address', 1],
      ['name', 2],
      ['entity', 1],
      ['node', 1],
    ]),
  );
  expect(edges).toHaveLength(8);
  expect(edges.map(({ edge }) => edge.id)).toEqual(edges.map(({ edge }) => edge.id).toSorted());
});

test('rows keep nothing that only their newest flow says', () => {
  const l7: Flow['l7'] = {
    ...{ ...aFlow().l7, protocol: 'http', method: 'GET', path: '/', status: 200 },
  } as Flow['l7'];
  const { edges } = folded(aRow({ event: 'l7', l7 }), aRow(REPLY));
  for (const { flow } of edges[0]!.rows) {
    expect(flow.l7).toBeUndefined();
    expect(flow.reply === 'yes' ? flow.destinationPort : flow.sourcePort).toBe(-1);
    expect(flow.reply === 'yes' ? flow.sourcePort : flow.destinationPort).toBe(5_432);
  }
});
