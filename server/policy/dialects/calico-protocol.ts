import type { ManifestPath } from '../../core/manifest.ts';
import { predicateOf } from '../predicates/predicate.ts';
import type { Predicate, Question } from '../form.ts';
import { MISSING_PROTOCOL } from '../predicates/ports.ts';
import { not, truthOf, type Truth } from '../truth.ts';
import { familyOf } from './calico-predicate.ts';
import { fieldOf, integerAt, isThere, refuse, shown, type Place } from './manifest-fields.ts';

const NUMBERS = { TCP: 6, UDP: 17, ICMP: 1, ICMPv6: 58, SCTP: 132, UDPLite: 136 } as const;
type ProtocolName = keyof typeof NUMBERS;
const NAMES = Object.keys(NUMBERS) as readonly ProtocolName[];
const BY_UPPER_NAME = new Map(NAMES.map((name) => [name.toUpperCase(), NUMBERS[name]] as const));

/** As IP numbers them, so that `TCP`, `6` and `"6"` are one. */
export type Protocol = number;

export const protocolText = (protocol: Protocol): string =>
  NAMES.find((name) => NUMBERS[name] === protocol) ?? String(protocol);

export const hasPorts = (protocol: Protocol | undefined): boolean =>
  protocol === NUMBERS.TCP || protocol === NUMBERS.UDP || protocol === NUMBERS.SCTP;

export const isTcp = (protocol: Protocol): boolean => protocol === NUMBERS.TCP;

/** 4 or 6 for the two protocols that only one family has. */
export function familyOfProtocol(protocol: Protocol | undefined): 4 | 6 | undefined {
  if (protocol === NUMBERS.ICMP) return 4;
  return protocol === NUMBERS.ICMPv6 ? 6 : undefined;
}

export function protocolAt(place: Place): Protocol | undefined {
  if (!isThere(place)) return undefined;
  const { value } = place;
  const name = NAMES.find((each) => each === value);
  if (name !== undefined) return NUMBERS[name];
  const number = typeof value === 'string' && /^\d{1,3}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= 1 && number <= 255)
    return number;
  const names = NAMES.join(', ');
  refuse(place, `must be one of ${names} or a number from 1 to 255, and is ${shown(value)}`);
  return undefined;
}

/** ICMP between IPv6 addresses is ICMPv6, whatever a record calls it. `undefined`: not known. */
function protocolOf(question: Question): Protocol | undefined {
  const { protocol } = question.connection;
  if (protocol === '') return undefined;
  if (/^\d+$/.test(protocol)) return Number(protocol);
  const number = BY_UPPER_NAME.get(protocol.toUpperCase());
  if (number !== NUMBERS.ICMP) return number ?? -1;
  const family = familyOf(question);
  return family === undefined ? undefined : family === 6 ? NUMBERS.ICMPv6 : NUMBERS.ICMP;
}

const protocolActual = ({ connection }: Question): string =>
  connection.protocol === '' ? 'protocol not known' : connection.protocol;

export function protocolPredicate(
  protocol: Protocol,
  { path, isNegated }: { readonly path: ManifestPath; readonly isNegated: boolean },
): Predicate {
  return predicateOf({
    path,
    about: 'protocol',
    expected: isNegated ? `not ${protocolText(protocol)}` : protocolText(protocol),
    test(question) {
      const actual = protocolOf(question);
      if (actual === undefined) return 'unknown';
      return truthOf((actual === protocol) !== isNegated);
    },
    actual: protocolActual,
    missing: () => MISSING_PROTOCOL,
  });
}

export function familyPredicate(family: 4 | 6, path: ManifestPath): Predicate {
  return predicateOf({
    path,
    about: 'protocol',
    expected: `IPv${family}`,
    test(question) {
      const actual = familyOf(question);
      return actual === undefined ? 'unknown' : truthOf(actual === family);
    },
    actual: (question) => {
      const actual = familyOf(question);
      return actual === undefined ? 'address family not known' : `IPv${actual}`;
    },
    missing: () => ({ kind: 'peer', text: 'which addresses the connection used' }),
  });
}

/** `icmp` and `notICMP`. Without a type they restrict nothing. */
export function icmpAt(place: Place, isNegated: boolean): Predicate | undefined {
  const { path } = place;
  const type = wholeAt(fieldOf(place, 'type'), 254);
  const code = wholeAt(fieldOf(place, 'code'), 255);
  if (type === undefined && code !== undefined)
    refuse(fieldOf(place, 'code'), 'needs a type beside it');
  if (type === undefined) return undefined;
  const text = code === undefined ? `ICMP type ${type}` : `ICMP type ${type} code ${code}`;
  return predicateOf({
    path,
    about: 'protocol',
    expected: isNegated ? `not ${text}` : text,
    test(question) {
      const holds = icmpIs(question, type, code);
      return isNegated ? not(holds) : holds;
    },
    actual: ({ connection: { icmp, protocol } }) =>
      icmp === undefined ? protocol : `ICMP type ${icmp.type} code ${icmp.code ?? 'not known'}`,
    missing: () => ({ kind: 'port', text: 'type and code of the ICMP message' }),
  });
}

function wholeAt(place: Place, most: number): number | undefined {
  const value = integerAt(place);
  if (value === undefined || (value >= 0 && value <= most)) return value;
  refuse(place, `must be from 0 to ${most}, and is ${value}`);
  return undefined;
}

function icmpIs(question: Question, type: number, code: number | undefined): Truth {
  const protocol = protocolOf(question);
  const isIcmp = familyOfProtocol(protocol) !== undefined;
  if (protocol !== undefined && !isIcmp) return 'no';
  const { icmp } = question.connection;
  if (icmp === undefined) return 'unknown';
  if (icmp.type !== type) return 'no';
  if (code === undefined) return 'yes';
  return icmp.code === undefined ? 'unknown' : truthOf(icmp.code === code);
}
