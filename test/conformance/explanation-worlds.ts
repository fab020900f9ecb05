import type { Explanation } from '../../server/core/explanation.ts';
import type { Flow } from '../../server/core/flow.ts';
import type { Manifest } from '../../server/core/manifest.ts';
import type { Dataplane } from '../../server/policy/facts.ts';
import {
  allowed,
  clock,
  dropped,
  manifests,
  namespaceOf,
  openWhyWorld,
  podOf,
  type Step,
} from '../support/why-world.ts';

/** A cluster, its policies and what was seen in it; the last flow is the one that is asked about. */
export type Scene = {
  readonly dataplane: Dataplane;
  readonly objects: readonly Manifest[];
  readonly policies: string;
  readonly later?: readonly Step[];
  readonly flows: readonly Flow[];
};

export async function explained({
  dataplane,
  objects,
  policies,
  later = [],
  flows,
}: Scene): Promise<Explanation> {
  const put = [...objects, ...manifests(policies)];
  await using world = await openWhyWorld({
    dataplane,
    steps: [{ at: clock('08:00:00'), put }, ...later],
  });
  const flow = await world.append(...flows);
  return await world.explain(flow);
}

const NAMESPACES = [
  namespaceOf('shop', { team: 'shop' }),
  namespaceOf('ops', { team: 'ops' }),
  namespaceOf('edge'),
  namespaceOf('pay'),
  namespaceOf('kube-system'),
];

const cart = podOf('shop/cart-0', '10.0.1.1', { app: 'cart', 'pod-template-hash': '5d4' });
const redis = podOf('shop/redis-0', '10.0.1.2', { app: 'redis' });
const redisReplica = podOf('shop/redis-replica-0', '10.0.1.3', { app: 'redis' });
const dns = podOf('kube-system/coredns-0', '10.0.9.9', { 'k8s-app': 'kube-dns' });

/** 1: nobody admits it at the sending end; the receiving end would. */
export const defaultDeny = (): Scene => ({
  dataplane: 'kubernetes',
  objects: [...NAMESPACES, cart, redis, redisReplica, dns],
  policies: `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: default-deny-all, namespace: shop }
spec: { podSelector: { matchLabels: { app: cart } }, policyTypes: [Egress] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: allow-dns, namespace: shop }
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
    - to:
        - namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: kube-system } }
      ports: [{ protocol: UDP, port: 53 }, { protocol: TCP, port: 53 }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: redis-from-cart, namespace: shop }
spec:
  podSelector: { matchLabels: { app: redis } }
  ingress: [{ from: [{ podSelector: { matchLabels: { app: cart } } }], ports: [{ port: 6379 }] }]
`,
  flows: [
    dropped({ from: cart, to: redisReplica, port: 6379, at: '12:03:00' }),
    dropped({ from: cart, to: redis, port: 6379, at: '12:04:31' }),
  ],
});

/** Workloads of one label: a rule for one of them is one for all. */
export const manyAlike = (): Scene => {
  const callers = Array.from({ length: 25 }, (_, at) =>
    podOf(`shop/caller-${String.fromCharCode(97 + at)}-0`, `10.0.3.${at}`, { team: 'carts' }),
  );
  return {
    dataplane: 'kubernetes',
    objects: [...NAMESPACES, redis, ...callers],
    policies: `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: redis, namespace: shop }
spec: { podSelector: { matchLabels: { app: redis } }, ingress: [] }
`,
    flows: callers.map((from, at) =>
      dropped({ from, to: redis, port: 6379, at: `12:00:${String(at).padStart(2, '0')}` }),
    ),
  };
};

/** A staged policy that would cut off what is allowed now. */
export const stagedDeny = (): Scene => ({
  dataplane: 'calico',
  objects: [...NAMESPACES, cart, redis],
  policies: `
apiVersion: projectcalico.org/v3
kind: StagedNetworkPolicy
metadata: { name: default.no-carts, namespace: shop }
spec:
  tier: default
  selector: app == 'redis'
  types: [Ingress]
  ingress:
    - { action: Log }
    - { action: Deny, source: { selector: app == 'cart' } }
`,
  flows: [allowed({ from: cart, to: redis, port: 6379, at: '12:04:31' })],
});

const web = podOf(
  'shop/web-0',
  '10.0.1.4',
  { app: 'web' },
  {
    ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
  },
);
const prometheus = podOf('ops/prometheus-0', '10.0.2.1', { app: 'prometheus' });

/** 2: a policy names the port of the service, and sees that of the pod. */
export const portOfService = (): Scene => ({
  dataplane: 'kubernetes',
  objects: [
    ...NAMESPACES,
    web,
    prometheus,
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'shop' },
      spec: {
        clusterIP: '10.96.0.1',
        selector: { app: 'web' },
        ports: [{ port: 80, targetPort: 'http', protocol: 'TCP' }],
      },
    },
  ],
  policies: `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web-from-ops, namespace: shop }
spec:
  podSelector: { matchLabels: { app: web } }
  ingress:
    - from: [{ namespaceSelector: { matchLabels: { team: ops } } }]
      ports: [{ port: 80 }]
`,
  flows: [dropped({ from: prometheus, to: web, port: 8080, at: '12:04:31' })],
});

const backup = podOf('ops/backup-0', '10.0.2.2', { app: 'backup' });

/** 3: one entry with both selectors, where two entries were meant. */
export const andForOr = (): Scene => ({
  dataplane: 'kubernetes',
  objects: [
    ...NAMESPACES,
    ...[cart, redis, backup, prometheus],
    ...Array.from({ length: 10 }, (_, at) =>
      podOf(`ops/job-${at}`, `10.0.2.${20 + at}`, { app: 'job' }),
    ),
  ],
  policies: `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: redis-clients, namespace: shop }
spec:
  podSelector: { matchLabels: { app: redis } }
  ingress:
    - from:
        - namespaceSelector: { matchLabels: { team: ops } }
          podSelector: { matchLabels: { app: cart } }
      ports: [{ port: 6379 }]
`,
  flows: [
    dropped({ from: prometheus, to: redis, port: 6379, at: '12:00:00' }),
    dropped({ from: backup, to: redis, port: 6379, at: '12:04:31' }),
  ],
});

const api = podOf('shop/api-0', '10.0.1.5', { app: 'api' });
const gateway = podOf('edge/gateway-0', '10.0.3.1', { app: 'gateway' });

/** 4: a selector of pods alone, and the pod is in another namespace. */
export const namespaceForgotten = (): Scene => ({
  dataplane: 'kubernetes',
  objects: [...NAMESPACES, api, gateway],
  policies: `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: api-from-gateway, namespace: shop }
spec:
  podSelector: { matchLabels: { app: api } }
  ingress: [{ from: [{ podSelector: { matchLabels: { app: gateway } } }], ports: [{ port: 443 }] }]
`,
  flows: [dropped({ from: gateway, to: api, port: 443, at: '12:04:31' })],
});

/** 5: a rule denies, and the record says so. */
export const reportedDeny = (): Scene => ({
  dataplane: 'cilium',
  objects: [...NAMESPACES, cart, redis],
  policies: `
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: { name: no-metadata }
spec:
  endpointSelector: {}
  egressDeny: [{ toCIDR: [169.254.169.254/32] }]
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: cart-egress, namespace: shop }
spec:
  endpointSelector: { matchLabels: { app: cart } }
  egress:
    - toEndpoints: [{ matchLabels: { app: redis } }]
    - toEntities: [kube-apiserver]
    - toEntities: [world]
`,
  flows: [
    dropped({
      ...{ from: cart, to: '169.254.169.254', port: 80, at: '12:04:31' },
      more: {
        verdict: { kind: 'dropped', reason: 'POLICY_DENY' },
        hits: [
          {
            policy: {
              kind: 'CiliumClusterwideNetworkPolicy',
              namespace: '',
              name: 'no-metadata',
              tier: '',
            },
            ...{ direction: 'egress', action: 'deny', stage: 'enforced', matched: 'policy' },
            rule: -1,
          },
        ],
      },
    }),
  ],
});

const payApi = podOf('pay/api-0', '10.0.4.1', { app: 'api' });
const checkout = podOf('shop/checkout-0', '10.0.1.6', { app: 'checkout' });

/** 6: three policies select the end, and Cilium names none of them. */
export const defaultDenyOfCilium = (): Scene => ({
  dataplane: 'cilium',
  objects: [...NAMESPACES, payApi, checkout],
  policies: `
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: api-ingress, namespace: pay }
spec:
  endpointSelector: { matchLabels: { app: api } }
  ingress:
    - fromEndpoints: [{ matchLabels: { app: checkout } }]
      toPorts: [{ ports: [{ port: "8443", protocol: TCP }] }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: default-deny, namespace: pay }
spec: { podSelector: {}, policyTypes: [Ingress] }
---
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: { name: baseline }
spec:
  endpointSelector: {}
  ingress: [{ fromEntities: [host, health] }]
`,
  flows: [
    dropped({
      from: checkout,
      to: payApi,
      port: 8443,
      at: '12:04:31',
      more: { direction: 'ingress' },
    }),
  ],
});

const L7_POLICY = `
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: api-l7, namespace: pay }
spec:
  endpointSelector: { matchLabels: { app: api } }
  ingress:
    - fromEndpoints: [{ matchLabels: { k8s:io.kubernetes.pod.namespace: shop, app: web } }]
      toPorts:
        - ports: [{ port: "8080", protocol: TCP }]
          rules:
            http:
              - { method: GET, path: /v1/.* }
              - { method: POST, path: /v1/charges }
`;

/** A request of HTTP, as the proxy tells of it. */
const request = (method: string, path: string, status: number): Partial<Flow> => ({
  event: 'l7',
  direction: 'ingress',
  l7: { protocol: 'http', type: 'request', method, path: `http://api.pay${path}`, status },
});

/** 7: the connection is admitted and the request refused. */
export const refusedRequest = (): Scene => ({
  dataplane: 'cilium',
  objects: [...NAMESPACES, web, payApi],
  policies: L7_POLICY,
  flows: [
    dropped({
      ...{ from: web, to: payApi, port: 8080, at: '12:04:31' },
      more: {
        ...request('DELETE', '/v1/cards/7', 403),
        verdict: { kind: 'dropped', reason: 'POLICY_DENIED' },
      },
    }),
  ],
});

const mailer = podOf('shop/mailer-0', '10.0.1.7', { app: 'mailer' }, { node: 'node-2' });

/** 8: whether the name had been resolved to the address is not known. */
export const nameNotLearnt = (): Scene => ({
  dataplane: 'cilium',
  objects: [...NAMESPACES, mailer, dns],
  policies: `
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: mailer-egress, namespace: shop }
spec:
  endpointSelector: { matchLabels: { app: mailer } }
  egress:
    - toEndpoints: [{ matchLabels: { k8s:io.kubernetes.pod.namespace: kube-system, k8s-app: kube-dns } }]
      toPorts: [{ ports: [{ port: "53", protocol: ANY }] }]
    - toFQDNs: [{ matchName: smtp.example.com }]
      toPorts: [{ ports: [{ port: "587", protocol: TCP }] }]
`,
  flows: [
    dropped({
      ...{ from: mailer, to: '203.0.113.25', port: 587, at: '12:04:31' },
      more: { direction: 'egress', node: 'node-2' },
    }),
  ],
});

const calicoCart = podOf('shop/cart-0', '10.0.1.1', { app: 'cart' });
const calicoRedis = podOf('shop/redis-0', '10.0.1.2', { app: 'redis', tier: 'data' });

/** 9: a tier ends, and the next one with the rule that admits is never reached. */
export const endOfTier = (): Scene => ({
  dataplane: 'calico',
  objects: [
    ...NAMESPACES,
    ...[calicoCart, calicoRedis],
    ...manifests(`
apiVersion: projectcalico.org/v3
kind: Tier
metadata: { name: security }
spec: { order: 100, defaultAction: Deny }
---
apiVersion: projectcalico.org/v3
kind: Tier
metadata: { name: default }
spec: { order: 1000000, defaultAction: Deny }
`),
  ],
  policies: `
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: { name: security.quarantine }
spec:
  tier: security
  order: 10
  selector: has(tier)
  types: [Ingress]
  ingress:
    - { action: Deny, source: { selector: quarantine == 'true' } }
    - { action: Deny, protocol: UDP }
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: { name: default.redis-from-cart, namespace: shop }
spec:
  tier: default
  order: 100
  selector: app == 'redis'
  types: [Ingress]
  ingress:
    - { action: Allow, protocol: TCP, source: { selector: app == 'cart' }, destination: { ports: [6379] } }
`,
  flows: [
    dropped({
      ...{ from: calicoCart, to: calicoRedis, port: 6379, at: '12:04:31' },
      more: {
        event: 'flow-log',
        reporter: 'destination',
        direction: 'ingress',
        verdict: { kind: 'dropped', reason: 'CALICO_DENY' },
        hits: [
          {
            policy: {
              kind: 'GlobalNetworkPolicy',
              namespace: '',
              name: 'security.quarantine',
              tier: 'security',
            },
            ...{ direction: 'ingress', action: 'deny', stage: 'enforced', matched: 'end-of-tier' },
            rule: -1,
          },
        ],
      },
    }),
  ],
});

const batch = podOf('shop/batch-0', '10.0.1.8', { app: 'batch' });

/** 10: a rule that admits comes behind one that denies. */
export const laterAllow = (): Scene => ({
  dataplane: 'calico',
  objects: [...NAMESPACES, batch],
  policies: `
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: { name: default.no-legacy, namespace: shop }
spec:
  tier: default
  order: 100
  selector: all()
  types: [Egress]
  egress: [{ action: Deny, destination: { nets: [10.20.0.0/16] } }]
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: { name: default.batch-db, namespace: shop }
spec:
  tier: default
  order: 200
  selector: app == 'batch'
  types: [Egress]
  egress: [{ action: Allow, protocol: TCP, destination: { ports: [5432] } }]
`,
  flows: [
    dropped({
      ...{ from: batch, to: '10.20.0.9', port: 5432, at: '12:04:31' },
      more: {
        event: 'flow-log',
        direction: 'egress',
        verdict: { kind: 'dropped', reason: 'CALICO_DENY' },
      },
    }),
  ],
});

/** 11: the source names no policy at all. */
export const withoutNames = (): Scene => ({
  dataplane: 'azure-npm',
  objects: [...NAMESPACES, redis, checkout, cart],
  policies: `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: default-deny-ingress, namespace: shop }
spec: { podSelector: {}, policyTypes: [Ingress] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: redis-from-cart, namespace: shop }
spec:
  podSelector: { matchLabels: { app: redis } }
  ingress:
    - from: [{ podSelector: { matchLabels: { app: cart } } }]
      ports: [{ port: 6379 }]
`,
  flows: Array.from({ length: 214 }, () =>
    dropped({
      ...{ from: checkout, to: redis, port: 6379, at: '12:04:31' },
      more: { direction: 'ingress', node: 'aks-7' },
    }),
  ),
});

const prom = podOf('ops/prom-0', '10.0.7.9', { app: 'prom' });

/** 12: the address is nobody's any more. */
export const staleAddress = (): Scene => ({
  dataplane: 'cilium',
  objects: [...NAMESPACES, web, prom],
  policies: '',
  later: [{ at: clock('12:01:55'), gone: [prom] }],
  flows: [
    allowed({ from: web, to: prom, port: 9090, at: '11:58:02' }),
    dropped({
      ...{ from: web, to: '10.0.7.9', port: 9090, at: '12:04:31' },
      more: { node: 'node-3', verdict: { kind: 'dropped', reason: 'STALE_OR_UNROUTABLE_IP' } },
    }),
  ],
});

/** Let through in audit mode, where it would have been denied. */
export const audited = (): Scene => {
  const scene = defaultDenyOfCilium();
  return { ...scene, flows: scene.flows.map((flow) => ({ ...flow, verdict: { kind: 'audit' } })) };
};

/** Nothing restricts it. */
export const unrestricted = (): Scene => ({
  dataplane: 'cilium',
  objects: [...NAMESPACES, web, payApi],
  policies: '',
  flows: [allowed({ from: web, to: payApi, port: 8080, at: '12:04:31' })],
});

/** A rule without HTTP beside one with it: the union admits every request. */
export const unrestrictedRequest = (): Scene => ({
  dataplane: 'cilium',
  objects: [...NAMESPACES, web, payApi],
  policies: `${L7_POLICY}---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: allow-8080, namespace: pay }
spec:
  endpointSelector: { matchLabels: { app: api } }
  ingress: [{ toPorts: [{ ports: [{ port: "8080", protocol: TCP }] }] }]
`,
  flows: [
    allowed({
      ...{ from: web, to: payApi, port: 8080, at: '12:04:31' },
      more: request('DELETE', '/v1/cards/7', 204),
    }),
  ],
});
