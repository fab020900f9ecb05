import { describe, expect, test } from 'vitest';
import { calicoCluster } from '../../support/calico-cluster.ts';
import {
  admitted,
  devApi,
  gone,
  ipv6,
  outside,
  ping,
  TWO_NAMESPACES,
  udp,
  web,
} from '../../support/calico-rules.ts';

const local = 'NetworkPolicy';
const global = 'GlobalNetworkPolicy';

describe('a rule of Calico', () => {
  test.each([
    // What may be a peer.
    [local, `source: { selector: app == 'api' }`, devApi, 'deny'],
    [global, `source: { selector: app == 'api' }`, devApi, 'allow'],
    [global, `source: { selector: all() }`, outside, 'deny'],
    [global, `source: { selector: app != 'x' }`, outside, 'deny'],
    [global, `source: { selector: app == 'api' }`, gone, 'undetermined'],
    [global, `source: { selector: "projectcalico.org/namespace == 'dev'" }`, devApi, 'allow'],
    [global, `source: { selector: "pcns.env == 'dev'" }`, devApi, 'allow'],
    [global, `source: { selector: "pcsa.role == 'api'" }`, web, 'deny'],
    [local, `source: { namespaceSelector: all() }`, devApi, 'allow'],
    [local, `source: { namespaceSelector: all() }`, outside, 'deny'],
    [local, `source: { namespaceSelector: "env == 'dev'" }`, devApi, 'allow'],
    [local, `source: { namespaceSelector: "env == 'dev'" }`, {}, 'deny'],
    [local, `source: { namespaceSelector: "!has(env)" }`, outside, 'deny'],
    [local, `source: { namespaceSelector: "projectcalico.org/name == 'dev'" }`, devApi, 'allow'],
    [local, `source: { namespaceSelector: global() }`, {}, 'deny'],
    [local, `source: { notSelector: app == 'web' }`, {}, 'allow'],
    [local, `source: { notSelector: app == 'web' }`, web, 'deny'],
    [local, `source: { notSelector: app == 'web' }`, devApi, 'deny'],
    [local, `source: { notSelector: app == 'web' }`, outside, 'deny'],
    [global, `source: { notSelector: app == 'web' }`, outside, 'allow'],
    [global, `source: { notSelector: app == 'api' }`, devApi, 'deny'],
    [global, `source: { notSelector: app == 'api' }`, gone, 'undetermined'],
    [local, `source: { serviceAccounts: { names: [api] } }`, {}, 'allow'],
    [local, `source: { serviceAccounts: { names: [api] } }`, devApi, 'deny'],
    [global, `source: { serviceAccounts: { names: [api] } }`, devApi, 'allow'],
    [global, `source: { serviceAccounts: { selector: "role == 'api'" } }`, web, 'deny'],
    [global, `source: { serviceAccounts: { selector: "role != 'api'" } }`, web, 'allow'],
    [global, `source: { serviceAccounts: { selector: "!has(x)" } }`, outside, 'deny'],
    // Addresses.
    [local, `source: { nets: [10.2.0.0/16] }`, devApi, 'allow'],
    [local, `source: { nets: [10.2.0.0/16, 203.0.113.0/24] }`, outside, 'allow'],
    [local, `source: { nets: [0.0.0.0/0] }`, ipv6, 'deny'],
    [local, `source: { notNets: [10.2.0.0/16] }`, {}, 'allow'],
    [local, `source: { notNets: [10.2.0.0/16] }`, devApi, 'deny'],
    [local, `source: { notNets: [10.2.0.0/16] }`, ipv6, 'deny'],
    [local, `source: { notNets: [0.0.0.0/0] }`, {}, 'deny'],
    [local, `source: { nets: [10.1.0.0/16], selector: app == 'api' }`, {}, 'allow'],
    [local, `source: { nets: [10.9.0.0/16], selector: app == 'api' }`, {}, 'deny'],
    [local, `destination: { nets: [10.1.0.3/32] }`, {}, 'allow'],
    [local, `destination: { selector: app == 'web' }`, {}, 'deny'],
    // Protocols and ports.
    [local, `protocol: 6`, {}, 'allow'],
    [local, `protocol: "17"`, udp, 'allow'],
    [local, `protocol: TCP`, udp, 'deny'],
    [local, `notProtocol: TCP`, {}, 'deny'],
    [local, `notProtocol: TCP`, ping, 'allow'],
    [local, `ipVersion: 4`, {}, 'allow'],
    [local, `ipVersion: 4`, ipv6, 'deny'],
    [local, `protocol: ICMP`, ping, 'allow'],
    [local, `protocol: ICMP`, { ...ping, ...ipv6 }, 'deny'],
    [local, `protocol: ICMPv6`, { ...ping, ...ipv6 }, 'allow'],
    [local, `protocol: ICMP, icmp: { type: 8 }`, ping, 'undetermined'],
    [local, `protocol: ICMP, icmp: { type: 8, code: 0 }`, { ...ping, icmpType: 8 }, 'undetermined'],
    [local, `protocol: ICMP, notICMP: { type: 8 }`, { ...ping, icmpType: 8 }, 'deny'],
    [local, `action: Allow`, ping, 'allow'],
    [local, `protocol: TCP, destination: { ports: ["5000:6000"] }`, {}, 'allow'],
    [local, `protocol: TCP, destination: { ports: ["5432"] }`, {}, 'allow'],
    [local, `protocol: TCP, destination: { ports: ["5433:6000", 80] }`, {}, 'deny'],
    [local, `protocol: TCP, destination: { ports: [sql] }`, {}, 'allow'],
    [local, `protocol: UDP, destination: { ports: [sql] }`, udp, 'deny'],
    [local, `protocol: TCP, destination: { notPorts: [sql] }`, {}, 'deny'],
    [local, `protocol: TCP, destination: { notPorts: [80] }`, {}, 'allow'],
    [local, `protocol: TCP, destination: { ports: [80] }`, { port: undefined }, 'undetermined'],
    [local, `protocol: TCP, source: { ports: [1024] }`, {}, 'undetermined'],
    [local, `protocol: TCP, source: { ports: [1024] }`, { sourcePort: 1024 }, 'allow'],
    // Requests: without one the dataplane admits the connection.
    [local, `http: { methods: [GET] }`, {}, 'allow'],
    [local, `http: { methods: [GET] }`, { http: { method: 'GET' } }, 'allow'],
    [local, `http: { methods: [GET] }`, { http: { method: 'PUT' } }, 'deny'],
    [local, `http: { methods: ["*"] }`, { http: { method: 'PUT' } }, 'allow'],
    [local, `http: { methods: [GET] }`, { http: { path: '/' } }, 'undetermined'],
    [local, `http: { paths: [{ prefix: /a }] }`, { http: { path: '/a/b?c' } }, 'allow'],
    [local, `http: { paths: [{ prefix: /a }] }`, { http: { path: '/ab' } }, 'deny'],
    [local, `http: { paths: [{ prefix: /a }] }`, { http: { path: '/a/../b' } }, 'deny'],
    [local, `http: { paths: [{ exact: /a }, { exact: /b }] }`, { http: { path: '/b' } }, 'allow'],
    [local, `http: { paths: [{ exact: /a }] }`, { http: { path: '/a/b' } }, 'deny'],
    // What this program does not know.
    [local, `strange: 1`, {}, 'undetermined'],
    [local, `source: { strange: 1 }`, {}, 'undetermined'],
    [local, `protocol: TCP, source: { strange: 1 }`, udp, 'deny'],
  ] as const)('%s with %s: %j → %s', (kind, rule, probe, verdict) => {
    const text = rule.replace('action: Allow', 'metadata: {}');
    expect(admitted(kind, text)(probe)).toBe(verdict);
  });
});

test('an explanation names the selector that fails, what it wants and what is there', () => {
  const { engine, judged } = calicoCluster(
    TWO_NAMESPACES,
    `apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: { name: p, namespace: prod }
spec:
  ingress: [{ action: Allow, source: { selector: app == 'api', namespaceSelector: env == 'prod' } }]
`,
  );
  const { connection } = judged({ src: 'prod/web', dst: 'prod/db', port: 5432 });
  const question = engine.question(connection, 'ingress');
  const reports = engine.stages.flatMap((stage) =>
    stage
      .select(question)
      .flatMap(({ policy }) => policy.rules.ingress)
      .flatMap(({ clauses }) => clauses)
      .flatMap(({ options }) => options)
      .flatMap(({ predicates }) => predicates)
      .map((predicate) => ({ path: predicate.path.join('.'), ...predicate.report(question) })),
  );
  expect(reports).toEqual([
    {
      path: 'spec.ingress.0.source.namespaceSelector',
      truth: 'yes',
      expected: 'namespace with env == "prod"',
      actual: 'namespace prod, env=prod',
    },
    {
      path: 'spec.ingress.0.source.selector',
      truth: 'no',
      expected: 'app == "api"',
      actual: 'app=web',
    },
  ]);
});
