import { describe, expect, test } from 'vitest';
import { calicoCluster } from '../../support/calico-cluster.ts';
import { admitted, devApi, gone, outside, TWO_NAMESPACES } from '../../support/calico-rules.ts';

const local = 'NetworkPolicy';
const global = 'GlobalNetworkPolicy';

describe('network sets', () => {
  const sets = `---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkSet
metadata: { name: partners, labels: { kind: partner, list: one } }
spec: { nets: [203.0.113.9, 10.2.0.0/16] }
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkSet
metadata: { name: other, labels: { kind: other, list: two } }
spec: { nets: [203.0.113.0/24] }
---
apiVersion: projectcalico.org/v3
kind: NetworkSet
metadata: { name: own, namespace: dev, labels: { kind: own } }
spec: { nets: [203.0.113.0/24] }
`;
  test.each([
    [global, `source: { selector: kind == 'partner' }`, outside, 'allow'],
    [global, `source: { selector: kind == 'partner' }`, devApi, 'allow'],
    [global, `source: { selector: kind == 'partner' }`, gone, 'undetermined'],
    [global, `source: { selector: "kind == 'partner' && list == 'two'" }`, outside, 'deny'],
    [global, `source: { selector: has(kind), notSelector: has(list) }`, outside, 'allow'],
    [global, `source: { selector: has(list), notSelector: has(kind) }`, outside, 'deny'],
    [global, `source: { notSelector: kind == 'partner' }`, outside, 'deny'],
    [local, `source: { selector: kind == 'partner' }`, outside, 'deny'],
    [
      local,
      `source: { selector: kind == 'partner', namespaceSelector: global() }`,
      outside,
      'allow',
    ],
    [local, `source: { selector: kind == 'own', namespaceSelector: global() }`, outside, 'deny'],
    [
      local,
      `source: { selector: kind == 'own', namespaceSelector: env == 'dev' }`,
      outside,
      'allow',
    ],
    [local, `source: { selector: kind == 'own' }`, outside, 'deny'],
  ] as const)('%s with %s: %j → %s', (kind, rule, probe, verdict) => {
    expect(admitted(kind, rule, sets)(probe)).toBe(verdict);
  });
});

describe('services in egress rules', () => {
  const { ask } = calicoCluster(
    TWO_NAMESPACES,
    `apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: { name: p, namespace: prod }
spec:
  egress: [{ action: Allow, destination: { services: { name: db } } }]
`,
  );
  test.each([
    [{ dst: 'prod/db', port: 5432 }, 'allow'],
    [{ dst: 'prod/db', port: 80 }, 'deny'],
    [{ dst: { ip: '10.96.0.1' }, port: 80 }, 'allow'],
    [{ dst: 'prod/web', port: 5432 }, 'deny'],
    [{ dst: 'prod/db', port: 5432, protocol: 'UDP' }, 'deny'],
    [{ dst: 'prod/db' }, 'undetermined'],
  ] as const)('%j → %s', (probe, verdict) => {
    expect(ask({ src: 'prod/api', ...probe }).verdict).toBe(verdict);
  });
});

describe('names in egress rules', () => {
  const { ask } = calicoCluster(
    TWO_NAMESPACES,
    `apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: { name: p }
spec:
  selector: app == 'api'
  egress:
    - { action: Allow, destination: { domains: ['*.example.com'] } }
    - { action: Allow, destination: { selector: kind == 'saas' } }
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkSet
metadata: { name: saas, labels: { kind: saas } }
spec: { allowedEgressDomains: [saas.example.org] }
`,
  );
  test.each([
    [{ ip: '203.0.113.9', dns: ['www.example.com'] }, 'allow'],
    [{ ip: '203.0.113.9', dns: ['saas.example.org'] }, 'allow'],
    [{ ip: '203.0.113.9', dns: ['example.com'] }, 'deny'],
    [{ ip: '203.0.113.9' }, 'undetermined'],
  ] as const)('%j → %s', (dst, verdict) => {
    expect(
      ask({
        src: 'prod/api',
        dst: { ...dst, dns: 'dns' in dst ? [...dst.dns] : undefined },
        port: 443,
      }).verdict,
    ).toBe(verdict);
  });
});
