import { canonicalAddress } from '../query/address.ts';
import type { ClusterFacts, NodeParty, Party, PodParty, ServiceFacts } from './facts.ts';
import { labelValue } from './labels.ts';

/** Where the addresses of a cluster lead. */
export type Places = {
  readonly party: ReadonlyMap<string, PodParty | NodeParty>;
  readonly service: ReadonlyMap<string, ServiceFacts>;
};

const made = new WeakMap<ClusterFacts, Places>();

export function placesOf(facts: ClusterFacts): Places {
  let places = made.get(facts);
  if (places === undefined) {
    places = findPlaces(facts);
    made.set(facts, places);
  }
  return places;
}

function findPlaces(facts: ClusterFacts): Places {
  const party = new Map<string, PodParty | NodeParty>();
  for (const pod of facts.pods.values())
    if (pod.hostNetwork !== true) for (const ip of pod.ips) party.set(sameText(ip), pod);
  for (const node of facts.nodes.values()) for (const ip of node.ips) party.set(sameText(ip), node);
  const service = new Map<string, ServiceFacts>();
  for (const each of facts.services)
    for (const ip of each.clusterIps) service.set(sameText(ip), each);
  return { party, service };
}

const sameText = (ip: string): string => canonicalAddress(ip) ?? ip;

/** The pod, node or outside address that has an address; a pod on the host network is its node. */
export function partyAt(facts: ClusterFacts, ip: string, names?: readonly string[]): Party {
  return (
    placesOf(facts).party.get(sameText(ip)) ?? {
      kind: 'address',
      ip,
      names,
      apiServer: facts.apiServerIps.some((each) => sameText(each) === sameText(ip)),
    }
  );
}

/** What policy sees of an end: pods on the host network are told from their node by nobody. */
export function seenAs(facts: ClusterFacts, party: Party): Party {
  if (party.kind !== 'pod' || party.hostNetwork !== true) return party;
  const node = party.node === undefined ? undefined : facts.nodes.get(party.node);
  return (
    node ?? {
      kind: 'node',
      name: party.node ?? '',
      labels: { known: new Map(), complete: false },
      ips: party.ips,
    }
  );
}

/** A pod or an address behind a service, and the port there. */
export type Backend = { readonly party: Party; readonly ip: string; readonly port: number };

/** The service that an end is, by its address; `undefined` for any other end. */
export const serviceAt = (facts: ClusterFacts, party: Party): ServiceFacts | undefined =>
  party.kind === 'address' ? placesOf(facts).service.get(sameText(party.ip)) : undefined;

/** Where a connection to a port of a service may be led. Of the family of the address that was used. */
export function backendsOf(
  facts: ClusterFacts,
  service: ServiceFacts,
  { ip, port, protocol }: { readonly ip: string; readonly port: number; readonly protocol: string },
): readonly Backend[] {
  const open = service.ports.find((each) => each.port === port && each.protocol === protocol);
  if (open === undefined) return [];
  const isSameFamily = (other: string): boolean => other.includes(':') === ip.includes(':');
  return behind(facts, service).flatMap(({ party, ips }) => {
    const target = targetAt(party, open.targetPort, protocol);
    const address = ips.find(isSameFamily);
    return target === undefined || address === undefined
      ? []
      : [{ party, ip: address, port: target }];
  });
}

function behind(
  facts: ClusterFacts,
  { namespace, selector, endpoints }: ServiceFacts,
): readonly { readonly party: Party; readonly ips: readonly string[] }[] {
  if (selector === undefined)
    return endpoints.map((ip) => ({ party: partyAt(facts, ip), ips: [ip] }));
  return [...facts.pods.values()]
    .filter(
      (pod) =>
        pod.namespace === namespace &&
        [...selector].every(([key, value]) => labelValue(pod.labels, key) === value),
    )
    .map((pod) => ({ party: pod, ips: pod.ips }));
}

function targetAt(party: Party, target: number | string, protocol: string): number | undefined {
  if (typeof target === 'number') return target;
  const ports = party.kind === 'pod' ? party.ports : undefined;
  return ports?.find((port) => port.name === target && port.protocol === protocol)?.port;
}
