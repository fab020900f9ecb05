import { describe, expect, test } from 'vitest';
import type { Flow } from '../../../../server/core/flow.ts';
import type { Manifest } from '../../../../server/core/manifest.ts';
import { foldEdges } from '../../../../server/operations/audit/fold-edges.ts';
import { defaultDeny } from '../../../../server/operations/audit/policy-change.ts';
import { simulate } from '../../../../server/operations/audit/simulate.ts';
import { createEngineBuilder } from '../../../../server/policy/engine-builder.ts';
import type { ConnectionRow } from '../../../../server/store/connections.ts';
import { aRow } from '../../../support/connection-row.ts';
import { aFlow } from '../../../support/flow.ts';
import { networkPolicy } from '../../../support/objects.ts';

const DROPPED: Flow['verdict'] = { kind: 'dropped', reason: 'POLICY_DENIED' };
const WEB = aFlow().source;
const DENY = defaultDeny('shop', ['ingress']);
const ALLOW = networkPolicy('allow', {
  ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }] }],
});
/** Labels of the namespace are not known: records have none. */
const OPEN = networkPolicy('open', {
  ingress: [{ from: [{ namespaceSelector: { matchLabels: { zone: 'inner' } } }] }],
});

function simulated(
  rows: readonly ConnectionRow[],
  before: readonly Manifest[] | undefined,
  after: readonly Manifest[],
) {
  const builder = createEngineBuilder();
  const { edges, counts } = simulate(foldEdges(rows).edges, {
    before: before && builder.build(before, 'cilium'),
    after: builder.build(after, 'cilium'),
    dataplane: 'cilium',
  });
  return { edges, counts, first: edges[0]! };
}

describe('against the same policies nothing changes', () => {
  test.each([
    ['that allow', [DENY, ALLOW], 'allow'],
    ['that deny', [DENY], 'deny'],
    ['that leave it open', [DENY, OPEN], 'undetermined'],
    ['that are none', [], 'allow'],
  ] as const)('%s', (_, policies, after) => {
    for (const verdict of [aFlow().verdict, DROPPED]) {
      const { first, counts } = simulated([aRow({ verdict })], policies, policies);
      expect(first).toMatchObject({ outcome: 'unchanged', after });
      expect(counts).toMatchObject({ unchanged: 1 });
    }
  });

  test('and what is open for another policy than before is no longer the same', () => {
    const other = { ...OPEN, metadata: { ...OPEN.metadata, name: 'other' } };
    expect(simulated([aRow()], [DENY, OPEN], [DENY, other]).first).toMatchObject({
      outcome: 'undecided',
      missing: [expect.stringContaining('namespace')],
    });
  });
});

describe('without policies of before the records say how it was', () => {
  test.each([
    ['passed, and is denied', aFlow().verdict, [DENY], 'newly-denied'],
    ['passed, and passes', aFlow().verdict, [DENY, ALLOW], 'unchanged'],
    ['passed, and is open', aFlow().verdict, [DENY, OPEN], 'undecided'],
    ['was dropped, and would pass', DROPPED, [DENY, ALLOW], 'newly-allowed'],
    ['was dropped, and is open', DROPPED, [DENY, OPEN], 'unchanged'],
    ['was audited, and is denied', { kind: 'audit' }, [DENY], 'newly-denied'],
  ] as const)('it %s', (_, verdict, after, outcome) => {
    expect(simulated([aRow({ verdict })], undefined, after).first.outcome).toBe(outcome);
  });

  test('what leaves one end and is dropped at the other has not passed', () => {
    const left = aRow({ direction: 'egress' });
    const arrived = aRow({ direction: 'ingress', verdict: DROPPED });
    expect(simulated([left, arrived], undefined, [DENY]).counts['newly-denied']).toBe(0);
    expect(simulated([left], undefined, [DENY]).counts['newly-denied']).toBe(1);
  });

  test('an end that tells no verdict has stopped nothing', () => {
    const left = aRow({ direction: 'egress' });
    const told = aRow({
      direction: 'ingress',
      event: 'l7',
      verdict: { kind: 'unknown', wire: '' },
    });
    expect(simulated([left, told], undefined, [DENY]).first.outcome).toBe('newly-denied');
  });
});

test('of pods that differ, the share that the outcome is about is told', () => {
  const other = { ...WEB, pod: 'web-1', labels: ['k8s:app=old'] };
  const rows = [aRow({}, { events: 3 }), aRow({ source: other }, { events: 1 })];
  const { edges, first } = simulated(rows, [], [DENY, ALLOW]);
  expect(edges).toHaveLength(1);
  expect(first).toMatchObject({ outcome: 'newly-denied', share: 0.25 });
  expect(first.ends).toMatchObject([{ way: 'ingress', reason: 'default-deny' }]);
});

test('an edge that partly passes is told by what passes, whichever came first', () => {
  const denied = { ...WEB, pod: 'web-1', labels: ['k8s:app=old'] };
  const rows = [aRow({ source: denied, verdict: DROPPED }), aRow()];
  for (const each of [rows, rows.toReversed()])
    expect(simulated(each, [DENY, ALLOW], [DENY, ALLOW]).first).toMatchObject({
      ...{ outcome: 'unchanged', before: 'allow', after: 'allow' },
    });
});

test('a request that was seen does not speak for those that were not', () => {
  const http: Manifest = {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    metadata: { name: 'read', namespace: 'shop' },
    spec: {
      endpointSelector: { matchLabels: { app: 'db' } },
      ingress: [
        {
          fromEndpoints: [{}],
          toPorts: [
            {
              ports: [{ port: '5432', protocol: 'TCP' }],
              rules: { http: [{ method: 'GET' }] },
            },
          ],
        },
      ],
    },
  };
  const l7: Flow['l7'] = {
    ...{ protocol: 'http', type: 'request', method: 'GET', path: '/', status: -1 },
  };
  const { first } = simulated([aRow({ event: 'l7', l7 }), aRow()], undefined, [http]);
  expect(first).toMatchObject({ outcome: 'undecided', missing: ['the method of the request'] });
});
