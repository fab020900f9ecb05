import type { EdgeEnd } from '../../core/edge.ts';
import type { Endpoint, FlowFields } from '../../core/flow.ts';

/** What one end of a flow says of itself. */
type SaidEnd = {
  readonly end: Endpoint;
  readonly ip: string;
  readonly names: readonly string[];
  /** Cluster whose dataplane told. */
  readonly cluster: string;
};

/** Client and server of the connection that a flow is part of, whichever of them sent it. */
export function edgeEnds(
  flow: FlowFields,
  cluster: string,
): { readonly source: EdgeEnd; readonly destination: EdgeEnd } {
  const sender = edgeEnd({
    ...{ end: flow.source, ip: flow.sourceIp, names: flow.sourceNames, cluster },
  });
  const receiver = edgeEnd({
    ...{ end: flow.destination, ip: flow.destinationIp, names: flow.destinationNames, cluster },
  });
  return flow.reply === 'yes'
    ? { source: receiver, destination: sender }
    : { source: sender, destination: receiver };
}

/** Port of the server; -1 where there is none. */
export const serverPort = (flow: FlowFields): number =>
  flow.reply === 'yes' ? flow.sourcePort : flow.destinationPort;

function edgeEnd({ end, ip, names, cluster: told }: SaidEnd): EdgeEnd {
  const cluster = end.cluster || told;
  switch (end.kind) {
    case 'workload': {
      const { namespace, workload, pod, workloadKind } = end;
      return { kind: 'workload', cluster, namespace, workload: workload || pod, workloadKind };
    }
    case 'host':
      return { kind: 'node', cluster };
    case 'networkSet':
      return { kind: 'entity', cluster, entity: end.name };
    case 'network':
    case 'unknown':
      return outsideEnd({ end, ip, names, cluster });
  }
}

const RESERVED = 'reserved:';
const WORLD = /^world(?:-ipv[46])?$/;

function outsideEnd({ end, ip, names, cluster }: SaidEnd): EdgeEnd {
  const entities = end.labels
    .filter((label) => label.startsWith(RESERVED))
    .map((label) => label.slice(RESERVED.length));
  if (entities.includes('host') || entities.includes('remote-node'))
    return { kind: 'node', cluster };
  // The API server may be outside as well, and is known by that name.
  const entity = entities.find((name) => !WORLD.test(name) && !name.startsWith('cidr'));
  if (entity !== undefined) return { kind: 'entity', cluster, entity };
  const [name] = names.toSorted();
  if (name !== undefined) return { kind: 'name', name };
  if (ip !== '') return { kind: 'address', ip };
  return { kind: 'entity', cluster, entity: entities[0] ?? (end.name || 'unknown') };
}

/** Told apart by this text: equal ends have equal texts. */
export function endKey(end: EdgeEnd): string {
  switch (end.kind) {
    case 'workload':
      return `workload|${end.cluster}|${end.namespace}|${end.workloadKind}|${end.workload}`;
    case 'node':
      return `node|${end.cluster}`;
    case 'entity':
      return `entity|${end.cluster}|${end.entity}`;
    case 'name':
      return `name|${end.name}`;
    case 'address':
      return `address|${end.ip}`;
  }
}

/** As people write it: `shop/web`, `api.example.com`, `kube-apiserver`. */
export function endText(end: EdgeEnd): string {
  switch (end.kind) {
    case 'workload':
      return end.namespace === '' ? end.workload : `${end.namespace}/${end.workload}`;
    case 'node':
      return 'nodes';
    case 'entity':
      return end.entity;
    case 'name':
      return end.name;
    case 'address':
      return end.ip;
  }
}
