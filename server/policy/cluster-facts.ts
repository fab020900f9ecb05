import { isRecord, type Manifest } from '../core/manifest.ts';
import type {
  ClusterFacts,
  Labels,
  NamedPort,
  NodeParty,
  PodParty,
  ServiceFacts,
} from './facts.ts';
import { labelsOf } from './labels.ts';

/** What the objects of a cluster say of it. Those of other kinds, policies too, are left out. */
export function clusterFacts(manifests: readonly Manifest[]): ClusterFacts {
  const byKind = Map.groupBy(manifests, ({ kind }) => kind);
  const of = (kind: string): readonly Manifest[] => byKind.get(kind) ?? [];
  return {
    namespaces: new Map(of('Namespace').map((each) => [each.metadata.name, ownLabels(each)])),
    pods: new Map(of('Pod').map((each) => [nameOf(each), podOf(each)])),
    nodes: new Map(of('Node').map((each) => [each.metadata.name, nodeOf(each)])),
    services: servicesOf(of('Service'), of('EndpointSlice')),
    serviceAccounts: new Map(of('ServiceAccount').map((each) => [nameOf(each), ownLabels(each)])),
    // The API knows no answers of DNS proxies; flows may.
    dns: undefined,
    apiServerIps: endpointsOf('default/kubernetes', of('EndpointSlice')),
  };
}

/** `namespace/name`; what says none is in `default`, as kubectl has it. */
const nameOf = ({ metadata }: Manifest): string =>
  `${metadata.namespace ?? 'default'}/${metadata.name}`;

const ownLabels = ({ metadata }: Manifest): Labels => labelsOf({ ...metadata.labels });

function podOf(manifest: Manifest): PodParty {
  const spec = recordIn(manifest, 'spec');
  const status = recordIn(manifest, 'status');
  const ips = listIn(status, 'podIPs').flatMap((each) => textsIn(each, 'ip'));
  return {
    kind: 'pod',
    namespace: manifest.metadata.namespace ?? 'default',
    name: manifest.metadata.name,
    labels: ownLabels(manifest),
    ips: ips.length > 0 ? ips : textsIn(status, 'podIP'),
    ports: [...listIn(spec, 'initContainers'), ...listIn(spec, 'containers')].flatMap(portsOf),
    node: textsIn(spec, 'nodeName')[0],
    hostNetwork: spec['hostNetwork'] === true,
    serviceAccount: textsIn(spec, 'serviceAccountName')[0] ?? 'default',
  };
}

function portsOf(container: unknown): readonly NamedPort[] {
  return listIn(asRecord(container), 'ports').flatMap((each) => {
    const { name, containerPort, protocol } = asRecord(each);
    return typeof name === 'string' && typeof containerPort === 'number'
      ? [{ name, port: containerPort, protocol: typeof protocol === 'string' ? protocol : 'TCP' }]
      : [];
  });
}

function nodeOf(manifest: Manifest): NodeParty {
  const addresses = listIn(recordIn(manifest, 'status'), 'addresses').map(asRecord);
  return {
    kind: 'node',
    name: manifest.metadata.name,
    labels: ownLabels(manifest),
    ips: addresses
      .filter(({ type }) => type === 'InternalIP' || type === 'ExternalIP')
      .flatMap((each) => textsIn(each, 'address')),
  };
}

function servicesOf(
  services: readonly Manifest[],
  slices: readonly Manifest[],
): readonly ServiceFacts[] {
  return services.map((manifest) => {
    const spec = recordIn(manifest, 'spec');
    const selector = spec['selector'];
    const ips = listIn(spec, 'clusterIPs').filter((ip) => typeof ip === 'string');
    return {
      namespace: manifest.metadata.namespace ?? 'default',
      name: manifest.metadata.name,
      labels: ownLabels(manifest),
      clusterIps: (ips.length > 0 ? ips : textsIn(spec, 'clusterIP')).filter(
        (ip) => ip !== 'None' && ip !== '',
      ),
      selector: isRecord(selector) ? textMap(selector) : undefined,
      endpoints: isRecord(selector) ? [] : endpointsOf(nameOf(manifest), slices),
      ports: listIn(spec, 'ports').flatMap(servicePort),
    };
  });
}

function servicePort(value: unknown): ServiceFacts['ports'] {
  const { port, targetPort, protocol } = asRecord(value);
  if (typeof port !== 'number') return [];
  const target = typeof targetPort === 'number' || typeof targetPort === 'string';
  return [
    {
      port,
      targetPort: target ? targetPort : port,
      protocol: typeof protocol === 'string' ? protocol : 'TCP',
    },
  ];
}

function endpointsOf(service: string, slices: readonly Manifest[]): readonly string[] {
  const own = slices.filter(
    (slice) =>
      `${slice.metadata.namespace ?? 'default'}/${slice.metadata.labels?.['kubernetes.io/service-name'] ?? ''}` ===
      service,
  );
  return own.flatMap((slice) =>
    listIn(slice, 'endpoints').flatMap((endpoint) =>
      listIn(asRecord(endpoint), 'addresses').filter((ip) => typeof ip === 'string'),
    ),
  );
}

const textMap = (record: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> =>
  new Map(Object.entries(record).map(([key, value]) => [key, String(value)]));

const asRecord = (value: unknown): Readonly<Record<string, unknown>> =>
  isRecord(value) ? value : {};

const recordIn = (record: unknown, field: string): Readonly<Record<string, unknown>> =>
  asRecord(asRecord(record)[field]);

function listIn(record: Readonly<Record<string, unknown>>, field: string): readonly unknown[] {
  const value = record[field];
  return Array.isArray(value) ? value : [];
}

function textsIn(record: unknown, field: string): readonly string[] {
  const value = asRecord(record)[field];
  return typeof value === 'string' && value !== '' ? [value] : [];
}
