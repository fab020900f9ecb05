import type { Predicate } from '../form.ts';
import { notUnderstood } from '../predicates/not-understood.ts';
import { namedPort, portBetween, PORT_PROTOCOLS, protocolIs } from '../predicates/ports.ts';
import { portNameFault } from './kubernetes-names.ts';
import {
  choiceAt,
  fieldOf,
  integerAt,
  isThere,
  refuse,
  shown,
  textAt,
  unknownFields,
  type Place,
} from './manifest-fields.ts';

/** What one entry of `ports` demands. The protocol is TCP where none is named, also in `{}`. */
export function readPort(place: Place): readonly Predicate[] {
  const protocolAt = fieldOf(place, 'protocol');
  const protocol = choiceAt(protocolAt, PORT_PROTOCOLS) ?? 'TCP';
  const port = fieldOf(place, 'port');
  const endPort = fieldOf(place, 'endPort');
  const open = unknownFields(place, ['protocol', 'port', 'endPort']).map(notUnderstood);
  return [
    protocolIs(protocol, protocolAt.path),
    ...(typeof port.value === 'string'
      ? readName(port, endPort, protocol)
      : readNumbers(port, endPort)),
    ...open,
  ];
}

function readName(port: Place, endPort: Place, protocol: string): readonly Predicate[] {
  const name = textAt(port) ?? '';
  const fault = portNameFault(name);
  if (fault !== undefined) refuse(port, `${shown(name)} ${fault}`);
  if (isThere(endPort)) refuse(endPort, 'must not be given where port is a name');
  return [namedPort(name, protocol, port.path)];
}

function readNumbers(port: Place, endPort: Place): readonly Predicate[] {
  const first = readPortNumber(port);
  const last = readPortNumber(endPort);
  if (!isThere(port)) {
    if (isThere(endPort)) refuse(endPort, 'must not be given without port');
    return [];
  }
  if (first === undefined) return [];
  if (last !== undefined && last < first)
    refuse(endPort, `must not be below port, and is ${last} for ${first}`);
  return [portBetween(first, last ?? first, port.path)];
}

/** A number from 1 to 65535; refuses others, and answers `undefined` where there is none. */
export function readPortNumber(place: Place): number | undefined {
  const number = integerAt(place);
  if (number === undefined || (number >= 1 && number <= 65_535)) return number;
  refuse(place, `must be from 1 to 65535, and is ${number}`);
  return undefined;
}
