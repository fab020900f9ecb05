import type { ManifestPath } from '../../core/manifest.ts';
import { predicateOf } from '../predicates/predicate.ts';
import type { NamedPort } from '../facts.ts';
import type { MissingFact, Option, Predicate, Question } from '../form.ts';
import { hasPorts } from '../predicates/ports.ts';
import { partyText } from '../predicates/parties.ts';
import { anyOf, not, truthOf, type Truth } from '../truth.ts';
import { endAt, type Side } from './calico-predicate.ts';
import { protocolText, type Protocol } from './calico-protocol.ts';
import { hostEndpointsAt, PORT_NAME, type CalicoReferences } from './calico-references.ts';
import { cappedItems, refuse, shown, type Place } from './manifest-fields.ts';

/** An entry of `ports`: numbers from first to last, or a name. */
type Port =
  | { readonly kind: 'range'; readonly first: number; readonly last: number }
  | { readonly kind: 'name'; readonly name: string };

/** What ports are read for: the end that they are at, and the protocol of their rule. */
export type PortContext = {
  readonly side: Side;
  readonly protocol: Protocol | undefined;
  readonly references: CalicoReferences;
};

const MOST = 50;
const RANGE = /^(\d{1,6})(?::(\d{1,6}))?$/;

export const isPortName = (value: unknown): boolean =>
  typeof value === 'string' && !RANGE.test(value);

/** One option for each entry of `ports`. */
export function portOptions(place: Place, context: PortContext): readonly Option[] {
  return portsAt(place).map(({ port, path }) => ({
    path,
    predicates: [portPredicate([port], { path, isNegated: false, ...context })],
  }));
}

/** `notPorts` as one predicate, since all of it must hold. */
export function notPortsPredicate(place: Place, context: PortContext): Predicate | undefined {
  const ports = portsAt(place).map(({ port }) => port);
  return ports.length === 0
    ? undefined
    : portPredicate(ports, { path: place.path, isNegated: true, ...context });
}

function portsAt(place: Place): readonly { readonly port: Port; readonly path: ManifestPath }[] {
  return cappedItems(place, MOST).flatMap((item) => {
    const port = portAt(item);
    return port === undefined ? [] : [{ port, path: item.path }];
  });
}

function portAt(place: Place): Port | undefined {
  const { value } = place;
  if (typeof value !== 'number' && typeof value !== 'string') {
    refuse(place, `must be a number, a range such as "80:90" or a name, and is ${shown(value)}`);
    return undefined;
  }
  const text = String(value);
  const range = RANGE.exec(text);
  if (range !== null) return rangeAt(place, Number(range[1]), Number(range[2] ?? range[1]));
  if (typeof value === 'string' && PORT_NAME.test(text)) return { kind: 'name', name: text };
  refuse(place, `must be a number, a range such as "80:90" or a name, and is ${shown(value)}`);
  return undefined;
}

function rangeAt(place: Place, first: number, last: number): Port | undefined {
  if (first >= 1 && last <= 65535 && first <= last) return { kind: 'range', first, last };
  refuse(place, `must be ports from 1 to 65535, the lower one first, and is ${shown(place.value)}`);
  return undefined;
}

function portPredicate(
  ports: readonly Port[],
  {
    path,
    isNegated,
    ...context
  }: PortContext & { readonly path: ManifestPath; readonly isNegated: boolean },
): Predicate {
  const text = `${context.side === 'source' ? 'source port ' : ''}${ports.map(portText).join(', ')}`;
  return predicateOf({
    path,
    about: 'port',
    expected: isNegated ? `not ${text}` : text,
    test(question) {
      const holds = anyOf(ports, (port) => portHolds(question, port, context));
      return isNegated ? not(holds) : holds;
    },
    actual: (question) => actualPort(question, context.side),
    missing: (question) => missingPort(question, context.side),
  });
}

const portText = (port: Port): string => {
  if (port.kind === 'name') return `"${port.name}"`;
  return port.first === port.last ? String(port.first) : `${port.first}:${port.last}`;
};

function actualPort(question: Question, side: Side): string {
  const { protocol } = question.connection;
  const { port } = endAt(question, side);
  return `${port ?? 'port not known'}/${protocol === '' ? 'protocol not known' : protocol}`;
}

function missingPort(question: Question, side: Side): MissingFact {
  const { port, party } = endAt(question, side);
  if (port === undefined) return { kind: 'port', text: `the ${side} port` };
  return { kind: 'named-port', text: `the named ports of ${partyText(party)}` };
}

/** Rules that name ports name a protocol that has some, so that only these are asked for one. */
function portHolds(question: Question, port: Port, context: PortContext): Truth {
  const { protocol } = question.connection;
  if (protocol !== '' && !hasPorts(protocol) && !/^\d+$/.test(protocol)) return 'no';
  return port.kind === 'range'
    ? rangeHolds(endAt(question, context.side).port, port)
    : nameHolds(question, port.name, context);
}

const rangeHolds = (
  port: number | undefined,
  { first, last }: Extract<Port, { kind: 'range' }>,
): Truth => (port === undefined ? 'unknown' : truthOf(port >= first && port <= last));

/** A name is what pods, and host endpoints, call one of their own ports: of the rule's protocol, where it has one. */
function nameHolds(question: Question, name: string, context: PortContext): Truth {
  const { party, ip } = endAt(question, context.side);
  const isNamed = (ports: readonly NamedPort[]): Truth =>
    anyOf(
      ports.filter((each) => each.name === name),
      (each) => usesPort(question, each, context),
    );
  const atHost = anyOf(hostEndpointsAt(context.references, ip), ({ ports }) => isNamed(ports));
  if (atHost !== 'no') return atHost;
  if (party.kind === 'unresolved') return 'unknown';
  if (party.kind !== 'pod') return 'no';
  return party.ports === undefined ? 'unknown' : isNamed(party.ports);
}

function usesPort(question: Question, named: NamedPort, { side, protocol }: PortContext): Truth {
  const used = protocol === undefined ? question.connection.protocol : protocolText(protocol);
  const { port } = endAt(question, side);
  if ((port !== undefined && port !== named.port) || (used !== '' && used !== named.protocol))
    return 'no';
  return port === undefined || used === '' ? 'unknown' : 'yes';
}
