import type { Option, Predicate } from '../form.ts';
import { notUnderstood } from '../predicates/not-understood.ts';
import { alwaysOpen } from '../predicates/open.ts';
import {
  connectionText,
  hasPorts,
  MISSING_PROTOCOL,
  namedPort,
  portBetween,
  PORT_PROTOCOLS,
  protocolIs,
} from '../predicates/ports.ts';
import { predicateOf } from '../predicates/predicate.ts';
import { truthOf } from '../truth.ts';
import {
  choiceAt,
  fieldOf,
  integerAt,
  isThere,
  itemsAt,
  refuse,
  shown,
  textAt,
  unknownFields,
  type Place,
} from './manifest-fields.ts';

/** One entry of `ports`, with what the checks of L7 rules need to know of it. */
export type PortEntry = {
  readonly option: Option;
  readonly protocol: string;
  /** `"0"`, or left out: every port. */
  readonly isEvery: boolean;
  readonly isRange: boolean;
  /** `80`, `http`. */
  readonly text: string;
};

const MAX_PORTS = 40;
const PORT = 65535;

const PROTOCOLS = ['ANY', 'TCP', 'UDP', 'SCTP', 'ICMP', 'ICMPV6', 'VRRP', 'IGMP', 'GRE'] as const;
/** Agents tell these apart only with a setting, which no record shows. */
const EXTENDED: ReadonlySet<string> = new Set(['VRRP', 'IGMP', 'GRE']);

export function readPorts(place: Place): readonly PortEntry[] {
  const entries = itemsAt(place);
  if (entries.length > MAX_PORTS) refuse(place, `must have at most ${MAX_PORTS} entries`);
  return entries.flatMap(readPort);
}

function readPort(place: Place): readonly PortEntry[] {
  const open = unknownFields(place, ['port', 'endPort', 'protocol']).map(notUnderstood);
  const at = fieldOf(place, 'port');
  const end = integerAt(fieldOf(place, 'endPort')) ?? 0;
  const protocol = choiceAt(fieldOf(place, 'protocol'), PROTOCOLS) ?? 'ANY';
  const text = textAt(at) ?? '0';
  const isNumber = /^\d+$/.test(text);
  if (isThere(at) && !isPort(text)) {
    refuse(at, `must be a port or the name of one, and is ${shown(text)}`);
    return [];
  }
  if (end < 0 || end > PORT) refuse(fieldOf(place, 'endPort'), `must be between 0 and ${PORT}`);
  const number = isNumber ? Number(text) : 0;
  const isEvery = isNumber && number === 0;
  const where = isThere(at) ? at : place;
  const predicates: Predicate[] = [protocolTest(protocol, fieldOf(place, 'protocol'))];
  if (EXTENDED.has(protocol)) predicates.push(extended(fieldOf(place, 'protocol'), protocol));
  if (!isNumber)
    predicates.push(
      namedPort(text.toLowerCase(), protocol === 'ANY' ? undefined : protocol, where.path),
    );
  else if (!isEvery && (protocol === 'ANY' || hasPorts(protocol)))
    predicates.push(portBetween(number, Math.max(number, end), where.path));
  return [
    {
      option: { path: place.path, predicates: [...predicates, ...open] },
      protocol,
      isEvery,
      isRange: isNumber && end > number,
      text,
    },
  ];
}

/** A number, or a service name as IANA forms them; letters may be capitals. */
function isPort(text: string): boolean {
  if (/^\d+$/.test(text)) return Number(text) <= PORT;
  return /^[A-Za-z0-9](-?[A-Za-z0-9])*$/.test(text) && /[A-Za-z]/.test(text) && text.length <= 63;
}

const extended = ({ path }: Place, protocol: string): Predicate =>
  alwaysOpen(path, `agents that tell ${protocol} apart`, {
    kind: 'setting',
    text: `whether the agents tell ${protocol} apart (enable-extended-ip-protocols)`,
  });

function protocolTest(protocol: (typeof PROTOCOLS)[number], { path }: Place): Predicate {
  if (protocol !== 'ANY') return protocolIs(protocol === 'ICMPV6' ? 'ICMPv6' : protocol, path);
  return predicateOf({
    path,
    about: 'protocol',
    expected: PORT_PROTOCOLS.join(', '),
    test: ({ connection }) =>
      connection.protocol === '' ? 'unknown' : truthOf(hasPorts(connection.protocol)),
    actual: ({ connection }) => connectionText(connection),
    missing: () => MISSING_PROTOCOL,
  });
}
