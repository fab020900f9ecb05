import type { Option, Predicate } from '../form.ts';
import { notUnderstood } from '../predicates/not-understood.ts';
import { namedPort, portBetween, PORT_PROTOCOLS, protocolIs } from '../predicates/ports.ts';
import { portNameFault } from './kubernetes-names.ts';
import { readPortNumber } from './kubernetes-ports.ts';
import {
  choiceAt,
  fieldOf,
  isThere,
  refuse,
  shown,
  textAt,
  unknownFields,
  type Place,
} from './manifest-fields.ts';

/** An entry of `ports`, v1alpha1. */
export function readAdminPort(place: Place): readonly Option[] {
  const [field, open] = onlyField(place, ['portNumber', 'portRange', 'namedPort']);
  const predicates =
    field === undefined ? [] : field.path.at(-1) === 'namedPort' ? readName(field) : ported(field);
  return [{ path: place.path, predicates: [...predicates, ...open] }];
}

/** `portNumber` and `portRange`: the protocol is TCP where none is named. */
function ported(place: Place): readonly Predicate[] {
  const isRange = place.path.at(-1) === 'portRange';
  const protocolAt = fieldOf(place, 'protocol');
  const protocol = choiceAt(protocolAt, PORT_PROTOCOLS) ?? 'TCP';
  const open = unknownFields(place, ['protocol', ...(isRange ? ['start', 'end'] : ['port'])]);
  return [
    protocolIs(protocol, protocolAt.path),
    ...(isRange ? readRange(place, 'may be one port') : readNumber(fieldOf(place, 'port'))),
    ...open.map(notUnderstood),
  ];
}

const PROTOCOLS = { tcp: 'TCP', udp: 'UDP', sctp: 'SCTP' } as const;

/** An entry of `protocols`, v1alpha2. */
export function readProtocol(place: Place): readonly Option[] {
  const [field, open] = onlyField(place, [...Object.keys(PROTOCOLS), 'destinationNamedPort']);
  const protocol = Object.entries(PROTOCOLS).find(([name]) => name === field?.path.at(-1))?.[1];
  const predicates =
    field === undefined
      ? []
      : protocol === undefined
        ? readName(field)
        : [protocolIs(protocol, field.path), ...readDestination(field)];
  return [{ path: place.path, predicates: [...predicates, ...open] }];
}

/** Without `destinationPort` it is every port of the protocol. */
function readDestination(place: Place): readonly Predicate[] {
  const destination = fieldOf(place, 'destinationPort');
  const open = unknownFields(place, ['destinationPort']).map(notUnderstood);
  if (!isThere(destination)) return open;
  const [field, openInside] = onlyField(destination, ['number', 'range']);
  const predicates =
    field === undefined
      ? []
      : field.path.at(-1) === 'range'
        ? readRange(field, 'several ports')
        : readNumber(field);
  return [...predicates, ...open, ...openInside];
}

/** The one field of several that is given; none where only fields are that we do not know. */
function onlyField(
  place: Place,
  names: readonly string[],
): readonly [Place | undefined, readonly Predicate[]] {
  const open = unknownFields(place, names).map(notUnderstood);
  const given = names.map((name) => fieldOf(place, name)).filter(isThere);
  if (given.length > 1 || (given.length === 0 && open.length === 0))
    refuse(place, `must have exactly one of ${names.join(', ')}`);
  return [given[0], open];
}

function readNumber(place: Place): readonly Predicate[] {
  const number = readPortNumber(place);
  if (!isThere(place)) refuse(place, 'must be given');
  return number === undefined ? [] : [portBetween(number, number, place.path)];
}

/** The schema of v1alpha2 demands that a range is more than one port. */
function readRange(place: Place, size: 'may be one port' | 'several ports'): readonly Predicate[] {
  const [startAt, endAt] = [fieldOf(place, 'start'), fieldOf(place, 'end')];
  for (const each of [startAt, endAt]) if (!isThere(each)) refuse(each, 'must be given');
  const [start, end] = [readPortNumber(startAt), readPortNumber(endAt)];
  if (start === undefined || end === undefined) return [];
  if (start > end || (start === end && size === 'several ports'))
    refuse(place, `must have a start below its end, and is ${start} to ${end}`);
  return [portBetween(start, end, place.path)];
}

function readName(place: Place): readonly Predicate[] {
  const name = textAt(place) ?? '';
  const fault = portNameFault(name);
  if (fault !== undefined) refuse(place, `${shown(name)} ${fault}`);
  return [namedPort(name, undefined, place.path)];
}
