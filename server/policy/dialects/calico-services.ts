import { canonicalAddress } from '../../query/address.ts';
import { predicateOf } from '../predicates/predicate.ts';
import type { ManifestPath } from '../../core/manifest.ts';
import type { Party, PodParty, ServiceFacts } from '../facts.ts';
import type { MissingFact, Predicate, Question } from '../form.ts';
import { labelValue } from '../labels.ts';
import { hasPorts } from '../predicates/ports.ts';
import { partyText } from '../predicates/parties.ts';
import { allOf, anyOf, truthOf, type Truth } from '../truth.ts';
import { endAt, type Side } from './calico-predicate.ts';

export type ServiceMatch = {
  readonly path: ManifestPath;
  readonly namespace: string;
  readonly name: string;
  readonly side: Side;
};

/** The endpoints of a service: as a destination with the ports that they serve, as a source by address alone. */
export function servicePredicate(match: ServiceMatch): Predicate {
  const { path, namespace, name, side } = match;
  return predicateOf({
    path,
    about: 'name',
    expected: `an endpoint of service ${namespace}/${name}`,
    test: (question) => serviceHolds(question, match),
    actual(question) {
      const { party, port } = endAt(question, side);
      const where = partyText(party);
      if (serviceOf(question, match) === undefined) return `${where}; there is no such service`;
      return side === 'source' || port === undefined ? where : `${where}, port ${port}`;
    },
    missing: (question) => missingFor(question, match),
  });
}

const serviceOf = (
  { world }: Question,
  { namespace, name }: ServiceMatch,
): ServiceFacts | undefined =>
  world.facts.services.find((each) => each.namespace === namespace && each.name === name);

function serviceHolds(question: Question, match: ServiceMatch): Truth {
  const service = serviceOf(question, match);
  if (service === undefined) return 'no';
  const isThere = isEndpoint(question, service, match.side);
  if (isThere === 'no' || match.side === 'source') return isThere;
  return allOf([isThere, isServed(question, service)], (each) => each);
}

function isEndpoint(question: Question, service: ServiceFacts, side: Side): Truth {
  const { party, ip } = endAt(question, side);
  const { selector, namespace, endpoints } = service;
  if (selector === undefined) {
    if (ip === undefined) return endpoints.length > 0 ? 'unknown' : 'no';
    const same = canonicalAddress(ip) ?? ip;
    return truthOf(endpoints.some((each) => (canonicalAddress(each) ?? each) === same));
  }
  if (party.kind === 'unresolved') return 'unknown';
  if (party.kind === 'pod') return isBehind(party, namespace, selector);
  // Pods on the network of their node are seen as the node, and are endpoints all the same.
  if (party.kind !== 'node' || ip === undefined) return 'no';
  return anyOf(question.world.facts.pods.values(), (pod) =>
    pod.hostNetwork === true && pod.ips.includes(ip) ? isBehind(pod, namespace, selector) : 'no',
  );
}

function isBehind(
  pod: PodParty,
  namespace: string,
  selector: NonNullable<ServiceFacts['selector']>,
): Truth {
  if (pod.namespace !== namespace) return 'no';
  return allOf(selector, ([key, value]) => {
    const actual = labelValue(pod.labels, key);
    return actual === undefined ? 'unknown' : truthOf(actual === value);
  });
}

function isServed(question: Question, { ports }: ServiceFacts): Truth {
  const { connection } = question;
  const { party } = endAt(question, 'destination');
  return anyOf(ports, ({ targetPort, protocol }) => {
    if (connection.protocol !== '' && connection.protocol !== protocol) return 'no';
    const target = typeof targetPort === 'number' ? targetPort : numberOf(party, targetPort);
    if (target === null) return 'no';
    if (target !== undefined && connection.port !== undefined && target !== connection.port)
      return 'no';
    const isKnown = connection.protocol !== '' && connection.port !== undefined;
    return isKnown && target !== undefined ? 'yes' : 'unknown';
  });
}

/** `null`: the pod has no such port. `undefined`: nobody said what number the name has there. */
const numberOf = (party: Party, name: string): number | null | undefined =>
  party.kind !== 'pod' || party.ports === undefined
    ? undefined
    : (party.ports.find((port) => port.name === name)?.port ?? null);

function missingFor({ connection, ...question }: Question, { side }: ServiceMatch): MissingFact {
  const { party } = endAt({ connection, ...question }, side);
  const isOpen = side === 'destination' && connection.port === undefined;
  return isOpen && hasPorts(connection.protocol)
    ? { kind: 'port', text: 'the destination port' }
    : { kind: 'labels', text: `labels and ports of ${partyText(party)}` };
}
