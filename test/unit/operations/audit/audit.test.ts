import { describe, expect, test } from 'vitest';
import type { Endpoint } from '../../../../server/core/flow.ts';
import type { Manifest } from '../../../../server/core/manifest.ts';
import { auditJson } from '../../../../server/operations/audit/audit-json.ts';
import type { AuditJson, Gate } from '../../../../server/operations/audit/audit-shapes.ts';
import type { AuditScope } from '../../../../server/operations/audit/audit.ts';
import { foldEdges } from '../../../../server/operations/audit/fold-edges.ts';
import { percent, type AuditFacts } from '../../../../server/operations/audit/gates.ts';
import type { ConnectionRow } from '../../../../server/store/connections.ts';
import { aRow, hour } from '../../../support/connection-row.ts';
import { aFlow } from '../../../support/flow.ts';
import { networkPolicy, seen } from '../../../support/objects.ts';

const WEB = aFlow().source;
const DB = aFlow().destination;
const COREDNS: Endpoint = {
  ...{ ...WEB, namespace: 'kube-system', pod: 'coredns-0', workload: 'coredns' },
  labels: ['k8s:k8s-app=kube-dns'],
};
const DNS = { destination: COREDNS, destinationPort: 53, protocol: 'udp' };

const BOTH: AuditScope = { namespaces: ['shop'], ways: ['ingress', 'egress'] };
const FACTS: AuditFacts = {
  asked: { from: hour(0), to: hour(336) },
  stored: { from: hour(-24), to: hour(400) },
  watched: 1,
  events: { seen: 1_000, lost: 0, uncounted: 0 },
  knowsPolicies: true,
  knowsSchedules: true,
};

const ALLOWS = [
  networkPolicy('web', {
    podSelector: { matchLabels: { app: 'web' } },
    policyTypes: ['Egress'],
    egress: [
      { to: [{ podSelector: { matchLabels: { app: 'db' } } }], ports: [{ port: 5_432 }] },
      { to: [{ namespaceSelector: {} }], ports: [{ port: 53, protocol: 'UDP' }] },
    ],
  }),
  networkPolicy('db', {
    podSelector: { matchLabels: { app: 'db' } },
    ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }] }],
  }),
];

type World = {
  readonly rows?: readonly ConnectionRow[];
  readonly objects?: readonly Manifest[];
  readonly facts?: Partial<AuditFacts>;
  readonly scope?: AuditScope;
};

function audited({ rows = [aRow(), aRow(DNS)], objects = ALLOWS, facts, scope = BOTH }: World) {
  const { edges } = foldEdges(rows);
  const recorded = {
    window: FACTS.asked,
    clusters: [{ cluster: 'east', dataplane: 'cilium' as const, edges }],
    ...{ left: 0, untold: 0 },
  };
  const known = objects.map((each) => seen(each, 'east'));
  return auditJson(recorded, { ...FACTS, ...facts }, { scope, objectsOf: () => known });
}

const gateOf = ({ gates }: AuditJson, id: Gate['id']): Gate =>
  gates.find((each) => each.id === id)!;

describe('readiness', () => {
  test('of edges that policies allow already, with every gate passed, is ready', () => {
    const audit = audited({});
    expect(audit.gates.filter(({ passes }) => !passes)).toEqual([]);
    expect(audit).toMatchObject({ ready: true, readiness: 1, wouldBreak: [], undecided: [] });
  });

  test('is the share of edges, and traffic stands beside it', () => {
    const audit = audited({
      rows: [
        aRow({}, { events: 97 }),
        aRow(DNS, { events: 2 }),
        aRow({ destinationPort: 9 }, { events: 1 }),
        aRow({ destinationPort: 9, direction: 'ingress' }, { events: 1 }),
      ],
    });
    expect(audit).toMatchObject({
      ...{ ready: false, readiness: 2 / 3, traffic: { observed: 100, covered: 99 } },
      edges: { observed: 3, covered: 2, wouldBreak: 1, undecided: 0, denied: 0 },
      wouldBreak: [{ from: 'shop/web', to: 'shop/db', port: '9/tcp' }],
    });
  });

  test('leaves out what was denied and edges of others, but nothing that policies deny only since', () => {
    const elsewhere = { ...DB, namespace: 'auth' };
    const audit = audited({
      rows: [
        aRow(),
        aRow({ destinationPort: 7, verdict: { kind: 'dropped', reason: 'POLICY_DENIED' } }),
        aRow({ source: { ...WEB, workload: 'old', pod: 'old-0', labels: ['k8s:app=old'] } }),
        aRow({ source: elsewhere, destination: { ...elsewhere, workload: 'x' } }),
      ],
    });
    expect(audit.edges).toMatchObject({ observed: 2, covered: 1, wouldBreak: 1, denied: 1 });
  });

  test('asks only for the direction that is isolated', () => {
    const outgoing = aRow({ destination: { ...DB, namespace: 'auth' } });
    const incoming = aRow({ source: { ...WEB, namespace: 'auth' } });
    const of = (way: 'ingress' | 'egress') =>
      audited({ rows: [outgoing, incoming], objects: [], scope: { ...BOTH, ways: [way] } });
    expect(of('egress').wouldBreak.map(({ to }) => to)).toEqual(['auth/db']);
    expect(of('ingress').wouldBreak.map(({ from }) => from)).toEqual(['auth/web']);
    expect(gateOf(of('ingress'), 'dns').passes).toBe(true);
  });

  test('names the fact that leaves an edge open, and is not ready with it', () => {
    const zone = { namespaceSelector: { matchLabels: { zone: 'a' } } };
    const policy = networkPolicy('db', { ingress: [{ from: [zone] }], policyTypes: ['Ingress'] });
    const audit = audited({ objects: [policy], scope: { ...BOTH, ways: ['ingress'] } });
    expect(audit).toMatchObject({ ready: false, edges: { covered: 0, undecided: 1 } });
    expect(audit.undecided[0]!.missing.join()).toContain('namespace');
  });

  test('tells who owns each end', () => {
    const shop: Manifest = {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'shop', labels: { team: 'front' }, annotations: { owner: 'ann' } },
    };
    const labeled = { ...WEB, labels: [...WEB.labels, 'k8s:team=web-people'] };
    const managed = { ...COREDNS, labels: ['k8s:app.kubernetes.io/managed-by=Helm'] };
    const rows = [aRow({ source: labeled }), aRow({ ...DNS, destination: managed })];
    const { wouldBreak } = audited({ rows, objects: [shop] });
    expect(wouldBreak.map(({ to, owners }) => [to, owners.from, owners.to])).toEqual([
      ['kube-system/coredns', 'owner ann', 'managed by Helm'],
      ['shop/db', 'team web-people', 'owner ann'],
    ]);
  });
});

describe('a gate', () => {
  test.each([
    ['a week less an hour', { asked: { from: hour(0), to: hour(167) } }, true],
    ['less', { asked: { from: hour(0), to: hour(166) } }, false],
    ['two weeks, with a day of flows', { stored: { from: hour(300), to: hour(324) } }, false],
    ['two weeks, without flows', { stored: undefined }, false],
  ])('wants a week of flows: %s', (_, facts, passes) => {
    expect(gateOf(audited({ facts }), 'window').passes).toBe(passes);
  });

  test.each([
    [0.99, true],
    [0.9899, false],
    [undefined, false],
  ])('wants 99 %% watched: %s', (watched, passes) => {
    expect(gateOf(audited({ facts: { watched } }), 'coverage').passes).toBe(passes);
  });

  test.each([
    [{ seen: 999, lost: 1, uncounted: 0 }, true],
    [{ seen: 998, lost: 2, uncounted: 0 }, false],
    [{ seen: 999, lost: 0, uncounted: 1 }, false],
    [{ seen: 0, lost: 0, uncounted: 0 }, true],
    [undefined, false],
  ])('wants at most one in a thousand lost: %j', (events, passes) => {
    expect(gateOf(audited({ facts: { events } }), 'lost').passes).toBe(passes);
  });

  test('that fails says its value and what to do, and overrules the score', () => {
    const audit = audited({ facts: { watched: 0.9899, events: undefined, knowsPolicies: false } });
    expect(audit).toMatchObject({ readiness: 1, ready: false });
    expect(gateOf(audit, 'coverage')).toMatchObject({ measured: '98.9 % watched' });
    for (const { passes, measured, advice } of audit.gates) {
      expect(measured).not.toBe('');
      expect(advice === '').toBe(passes);
    }
  });

  const DENY_DNS: Manifest = {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    metadata: { name: 'no-dns', namespace: 'shop' },
    spec: { endpointSelector: {}, egressDeny: [{ toPorts: [{ ports: [{ port: '53' }] }] }] },
  };
  test.each([
    ['is allowed', [aRow(DNS)], ALLOWS, true, 'shop: allowed'],
    [
      'is denied by default only',
      [aRow(DNS)],
      [],
      true,
      "needs the rule that 'dropwise recommend'",
    ],
    ['is denied by a rule', [aRow(DNS)], [DENY_DNS], false, 'denied'],
    ['was not seen', [aRow()], ALLOWS, false, 'shop: not seen'],
    ['is of the world', [aRow({ ...DNS, destination: world() })], [], false, 'shop: not seen'],
  ] as const)('wants DNS that %s', (_, rows, objects, passes, measured) => {
    const gate = gateOf(audited({ rows, objects }), 'dns');
    expect(gate).toMatchObject({ passes, measured: expect.stringContaining(measured) as string });
  });

  const batch = (kind: string, name: string, spec: object, owner?: string): Manifest => ({
    ...{ apiVersion: kind === 'HorizontalPodAutoscaler' ? 'autoscaling/v2' : 'batch/v1', kind },
    metadata: {
      ...{ name, namespace: 'shop' },
      ...(owner && { ownerReferences: [{ kind: 'CronJob', name: owner, controller: true }] }),
    },
    spec,
  });
  const CRON = batch('CronJob', 'report', { schedule: '0 2 * * *' });

  test.each([
    ['report', 'CronJob', true],
    ['report-29385000', 'Job', true],
    ['report-29385000-x7kqz', '', true],
    ['report-daily', '', false],
    ['report-weekly', 'CronJob', false],
    ['web', 'Deployment', false],
  ])('knows a run of a CronJob by %s (%s)', (workload, workloadKind, passes) => {
    const rows = [aRow(DNS), aRow({ source: { ...WEB, workload, workloadKind } })];
    expect(gateOf(audited({ rows, objects: [CRON] }), 'schedule').passes).toBe(passes);
  });

  test('names every job and scaler that was not seen, once', () => {
    const objects = [
      CRON,
      batch('Job', 'report-29385000', {}, 'report'),
      batch('Job', 'migrate', {}),
      batch('HorizontalPodAutoscaler', 'web', {
        scaleTargetRef: { kind: 'Deployment', name: 'web' },
      }),
      batch('HorizontalPodAutoscaler', 'api', {
        scaleTargetRef: { kind: 'Deployment', name: 'api' },
      }),
      { ...CRON, metadata: { name: 'other', namespace: 'auth' } },
    ];
    const { scheduled, ...audit } = audited({ objects });
    expect(scheduled.map(({ name, seen: isSeen }) => [name, isSeen])).toEqual([
      ['api', false],
      ['migrate', false],
      ['report', false],
      ['web', true],
    ]);
    expect(gateOf({ scheduled, ...audit }, 'schedule').measured).toBe(
      '1 of 4 seen in the window; not seen: HorizontalPodAutoscaler shop/api of api, ' +
        'Job shop/migrate, CronJob shop/report (0 2 * * *)',
    );
    const unknown = audited({ facts: { knowsSchedules: false } });
    expect(gateOf(unknown, 'schedule').passes).toBe(false);
  });
});

test('a share short of all is never shown as all', () => {
  expect([percent(1), percent(0.99999), percent(0.5)]).toEqual(['100.0 %', '99.9 %', '50.0 %']);
});

function world(): Endpoint {
  return {
    ...{ kind: 'network', cluster: '', namespace: '', pod: '', workload: '', workloadKind: '' },
    ...{ name: '', identity: 2, labels: ['reserved:world'] },
  };
}
