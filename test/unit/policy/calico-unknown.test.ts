import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Manifest } from '../../../server/core/manifest.ts';
import type { CaseCluster } from '../../../server/policy/cases/case-file.ts';
import type { Connection, Party, PodParty } from '../../../server/policy/facts.ts';
import { calicoCluster, compileCalico } from '../../support/calico-cluster.ts';

const cluster: CaseCluster = {
  namespaces: [
    { name: 'prod', labels: { env: 'prod' } },
    { name: 'dev', labels: { env: 'dev' } },
  ],
  serviceAccounts: [{ namespace: 'prod', name: 'api', labels: { role: 'api' } }],
  pods: [
    {
      namespace: 'prod',
      name: 'db',
      labels: { app: 'db', tier: 'back' },
      ips: ['10.1.0.3', 'fd00::3'],
      ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
    },
    {
      namespace: 'prod',
      name: 'api',
      labels: { app: 'api' },
      ips: ['10.1.0.2', 'fd00::2'],
      serviceAccount: 'api',
    },
    { namespace: 'dev', name: 'web', labels: { app: 'web', tier: 'front' }, ips: ['10.2.0.2'] },
  ],
};

const SET: Manifest = {
  apiVersion: 'projectcalico.org/v3',
  kind: 'GlobalNetworkSet',
  metadata: { name: 'list', labels: { app: 'api', list: 'yes' } },
  spec: { nets: ['10.2.0.0/16', 'fd00::2'] },
};

const conditions = fc.constantFrom<object>(
  {},
  { protocol: 'TCP' },
  { notProtocol: 'TCP' },
  { ipVersion: 6 },
  { protocol: 'ICMP', icmp: { type: 8 } },
  { protocol: 'TCP', destination: { ports: ['5000:6000'] } },
  { protocol: 'TCP', destination: { ports: ['sql', 80] } },
  { protocol: 'TCP', destination: { notPorts: ['sql'] } },
  { protocol: 'UDP', source: { ports: [53] } },
  { destination: { selector: "tier == 'back'" } },
  { destination: { nets: ['10.1.0.0/16'] } },
);
const peers = fc.constantFrom<object | undefined>(
  undefined,
  { selector: "app == 'api'" },
  { selector: "app != 'api'", namespaceSelector: 'all()' },
  { notSelector: "app == 'web'" },
  { selector: 'has(list)', namespaceSelector: 'global()' },
  { namespaceSelector: "env == 'dev'" },
  { serviceAccounts: { names: ['api'] } },
  { serviceAccounts: { selector: "role != 'api'" } },
  { nets: ['10.0.0.0/8'] },
  { notNets: ['fd00::/8'] },
);
const rule = fc
  .tuple(fc.constantFrom('Allow', 'Deny', 'Pass', 'Log'), conditions, peers)
  .map(([action, condition, source]) => ({ action, ...(source && { source }), ...condition }));
const policies = fc.array(
  fc.record({
    kind: fc.constantFrom('NetworkPolicy', 'GlobalNetworkPolicy'),
    selector: fc.constantFrom("app == 'db'", "tier != 'front'", 'all()'),
    ingress: fc.array(rule, { minLength: 1, maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 3 },
);

const asManifest = (
  { kind, ...spec }: { readonly kind: string; readonly ingress: readonly object[] },
  at: number,
): Manifest => ({
  apiVersion: 'projectcalico.org/v3',
  kind,
  metadata: { name: `p${at}`, namespace: 'prod' },
  spec: { order: at, ...spec },
});

/** What a record or a snapshot may lack, one fact at a time. */
const HIDE: Readonly<Record<string, (connection: Connection) => Connection>> = {
  protocol: (connection) => ({ ...connection, protocol: '' }),
  port: (connection) => ({ ...connection, port: undefined }),
  sourcePort: (connection) => ({ ...connection, sourcePort: undefined }),
  icmp: (connection) => ({ ...connection, icmp: undefined }),
  addresses: (connection) => ({ ...connection, clientIp: undefined, serverIp: undefined }),
  clientLabels: (connection) => ({ ...connection, client: withoutLabels(connection.client) }),
  serverLabels: (connection) => ({ ...connection, server: withoutLabels(connection.server) }),
  account: (connection) => ({
    ...connection,
    client: changed(connection.client, { serviceAccount: undefined }),
  }),
  ports: (connection) => ({
    ...connection,
    server: changed(connection.server, { ports: undefined }),
  }),
  client: (connection) => ({
    ...connection,
    client: { kind: 'unresolved', ip: connection.clientIp ?? '' },
  }),
};

const changed = (party: Party, change: Partial<PodParty>): Party =>
  party.kind === 'pod' ? { ...party, ...change } : party;
const withoutLabels = (party: Party): Party =>
  changed(party, { labels: { known: new Map(), complete: false } });

const probe = fc.record({
  src: fc.constantFrom<'prod/api' | 'dev/web'>('prod/api', 'dev/web'),
  protocol: fc.constantFrom('TCP', 'UDP', 'ICMP'),
  port: fc.constantFrom(80, 5432),
  sourcePort: fc.constantFrom(53, 40_000),
  icmpType: fc.constantFrom(0, 8),
  icmpCode: fc.constant(0),
});

test('a fact that is missing leaves a verdict as it is or open, in 10,000 clusters', () => {
  let opened = 0;
  fc.assert(
    fc.property(policies, probe, fc.constantFrom(...Object.keys(HIDE)), (specs, asked, hidden) => {
      const manifests = [SET, ...specs.map(asManifest)];
      // Some rules mix families of addresses, which a cluster refuses.
      fc.pre(compileCalico(manifests).refused.length === 0);
      const { engine, judged } = calicoCluster(cluster, manifests);
      const { connection } = judged({ dst: 'prod/db', ...asked });
      const verdictOf = (each: Connection): string | undefined =>
        engine.judge({ connection: each, reply: 'no' }).ingress?.verdict;
      const known = verdictOf(connection);
      const less = verdictOf(HIDE[hidden]?.(connection) ?? connection);
      expect(known).not.toBe('undetermined');
      expect([known, 'undetermined']).toContain(less);
      if (less !== known) opened++;
    }),
    { numRuns: 10_000 },
  );
  expect(opened).toBeGreaterThan(100);
});
