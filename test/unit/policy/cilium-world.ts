import { manifestsIn, pathText, type Manifest } from '../../../server/core/manifest.ts';
import { readYamlDocuments } from '../../../server/lib/yaml-documents.ts';
import type { CaseCluster, CaseSettings, Probe } from '../../../server/policy/cases/case-file.ts';
import { judgedOfProbe } from '../../../server/policy/cases/case-probe.ts';
import { caseFacts, caseSettings } from '../../../server/policy/cases/case-world.ts';
import { ciliumRules } from '../../../server/policy/dataplanes/cilium.ts';
import { adminDialect } from '../../../server/policy/dialects/admin.ts';
import { ciliumDialect } from '../../../server/policy/dialects/cilium.ts';
import { kubernetesDialect } from '../../../server/policy/dialects/kubernetes.ts';
import { createEngine, type Engine, type Judgement } from '../../../server/policy/engine.ts';
import { createCompiler } from '../../../server/policy/policy-set.ts';

/** Two namespaces, three nodes, a service with pods and one with addresses. */
const CLUSTER: CaseCluster = {
  namespaces: [
    { name: 'shop', labels: { team: 'shop', env: 'prod' } },
    { name: 'ops', labels: { team: 'ops' } },
    { name: 'bare' },
  ],
  nodes: [
    { name: 'n1', labels: { role: 'worker' }, ips: ['172.18.0.2'] },
    { name: 'n2', labels: { role: 'worker', zone: 'b' }, ips: ['172.18.0.3', 'fd00::3'] },
    { name: 'cp', labels: { role: 'control' }, ips: ['172.18.0.9'] },
  ],
  apiServerIPs: ['172.18.0.9'],
  dns: [{ name: 'api.example.com', ips: ['203.0.113.7'] }],
  services: [
    {
      namespace: 'shop',
      name: 'db',
      labels: { tier: 'data' },
      clusterIPs: ['10.96.0.9'],
      selector: { app: 'db' },
      ports: [{ port: 80, targetPort: 5432, protocol: 'TCP' }],
    },
    {
      namespace: 'shop',
      name: 'legacy',
      clusterIPs: [],
      endpoints: ['198.51.100.4'],
      ports: [],
    },
  ],
  pods: [
    { ...pod('shop/web', 1, { app: 'web' }), ips: ['10.0.0.1', 'fd00:1::1'] },
    { ...pod('shop/db', 2, { app: 'db', env: 'prod' }), ips: ['10.0.0.2', 'fd00:1::2'] },
    pod('ops/prom', 3, { app: 'prom', env: 'prod' }),
    pod('bare/one', 4, {}),
    {
      ...pod('ops/agent', 5, { app: 'agent' }),
      node: 'n2',
      hostNetwork: true,
      ips: ['172.18.0.3'],
    },
  ],
};

function pod(path: string, at: number, labels: Readonly<Record<string, string>>) {
  const [namespace = '', name = ''] = path.split('/');
  return {
    namespace,
    name,
    labels,
    ips: [`10.0.0.${at}`],
    node: at % 2 === 0 ? 'n2' : 'n1',
    serviceAccount: name,
    ports: [{ name: 'main', port: 8000 + at, protocol: 'TCP' }],
  };
}

export const manifestsOf = (yaml: string): readonly Manifest[] =>
  readYamlDocuments(yaml).flatMap((read) => {
    if (!read.ok) throw new Error(read.fault.message);
    return manifestsIn(read.document.value).map((found) => {
      if (!found.ok) throw new Error(found.fault.message);
      return found.manifest;
    });
  });

const FACTS = caseFacts(CLUSTER);

export function engineOf(policies: readonly Manifest[], settings: CaseSettings = {}): Engine {
  const set = createCompiler([ciliumDialect, kubernetesDialect, adminDialect]).compile(policies);
  const [refused] = set.refused;
  if (refused !== undefined)
    throw new Error(refused.faults.map(({ path, message }) => `${pathText(path)} ${message}`)[0]);
  return createEngine({
    policies: set,
    rules: ciliumRules,
    world: { dataplane: 'cilium', facts: FACTS, settings: caseSettings(settings) },
  });
}

export type Asked = Partial<Omit<Probe, 'id' | 'expect'>> & Pick<Probe, 'src' | 'dst'>;

export function judge(engine: Engine, asked: Asked): Judgement {
  const probe: Probe = { protocol: 'TCP', port: 80, ...asked, id: 1, expect: 'allow' };
  const judged = judgedOfProbe(probe, engine.world.facts);
  if (typeof judged === 'string') throw new Error(judged);
  return engine.judge(judged);
}

/** A CiliumNetworkPolicy of namespace `shop` for its `web` pods, or for what `spec` selects itself. */
export const cnp = (spec: Readonly<Record<string, unknown>>, name = 'p'): Manifest => ({
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumNetworkPolicy',
  metadata: { name, namespace: 'shop' },
  spec: { endpointSelector: { matchLabels: { app: 'web' } }, ...spec },
});

export const ccnp = (spec: Readonly<Record<string, unknown>>, name = 'cp'): Manifest => ({
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumClusterwideNetworkPolicy',
  metadata: { name },
  spec: {
    ...('nodeSelector' in spec ? {} : { endpointSelector: { matchLabels: { app: 'web' } } }),
    ...spec,
  },
});
