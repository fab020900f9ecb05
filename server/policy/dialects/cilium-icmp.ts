import type { Option, Predicate, Question } from '../form.ts';
import { notUnderstood } from '../predicates/not-understood.ts';
import { predicateOf } from '../predicates/predicate.ts';
import { truthOf, type Truth } from '../truth.ts';
import {
  choiceAt,
  fieldOf,
  isThere,
  itemsAt,
  refuse,
  shown,
  unknownFields,
  type Place,
} from './manifest-fields.ts';

const MAX_FIELDS = 40;
type Family = 'IPv4' | 'IPv6';

/** Names that a policy may give instead of numbers, by family: those of the IANA registries. */
const TYPES: Readonly<Record<Family, Readonly<Record<string, number>>>> = {
  IPv4: {
    EchoReply: 0,
    DestinationUnreachable: 3,
    Redirect: 5,
    Echo: 8,
    EchoRequest: 8,
    RouterAdvertisement: 9,
    RouterSelection: 10,
    TimeExceeded: 11,
    ParameterProblem: 12,
    Timestamp: 13,
    TimestampReply: 14,
    Photuris: 40,
    ExtendedEchoRequest: 42,
    ExtendedEchoReply: 43,
  },
  IPv6: {
    DestinationUnreachable: 1,
    PacketTooBig: 2,
    TimeExceeded: 3,
    ParameterProblem: 4,
    EchoRequest: 128,
    EchoReply: 129,
    MulticastListenerQuery: 130,
    MulticastListenerReport: 131,
    MulticastListenerDone: 132,
    RouterSolicitation: 133,
    RouterAdvertisement: 134,
    NeighborSolicitation: 135,
    NeighborAdvertisement: 136,
    RedirectMessage: 137,
    RouterRenumbering: 138,
    ICMPNodeInformationQuery: 139,
    ICMPNodeInformationResponse: 140,
    InverseNeighborDiscoverySolicitation: 141,
    InverseNeighborDiscoveryAdvertisement: 142,
    HomeAgentAddressDiscoveryRequest: 144,
    HomeAgentAddressDiscoveryReply: 145,
    MobilePrefixSolicitation: 146,
    MobilePrefixAdvertisement: 147,
    DuplicateAddressRequestCodeSuffix: 157,
    DuplicateAddressConfirmationCodeSuffix: 158,
    ExtendedEchoRequest: 160,
    ExtendedEchoReply: 161,
  },
};

/** The entries of `icmps`, as one list of which one must hold. */
export function readIcmps(place: Place): readonly Option[] {
  return itemsAt(place).flatMap((rule) => {
    unknownFields(rule, ['fields']);
    const fields = itemsAt(fieldOf(rule, 'fields'));
    if (fields.length > MAX_FIELDS)
      refuse(fieldOf(rule, 'fields'), `must have at most ${MAX_FIELDS} entries`);
    return fields.flatMap(readField);
  });
}

function readField(place: Place): readonly Option[] {
  const open = unknownFields(place, ['family', 'type']).map(notUnderstood);
  const family = choiceAt(fieldOf(place, 'family'), ['IPv4', 'IPv6'] as const) ?? 'IPv4';
  const at = fieldOf(place, 'type');
  const type = typeOf(at.value, family);
  if (type === undefined) {
    refuse(at, isThere(at) ? `is no type of ${family}: ${shown(at.value)}` : 'must be given');
    return [];
  }
  return [{ path: place.path, predicates: [icmpIs(family, type, at), ...open] }];
}

function typeOf(value: unknown, family: Family): number | undefined {
  if (typeof value === 'string' && Object.hasOwn(TYPES[family], value)) return TYPES[family][value];
  const number = typeof value === 'string' && /^\d{1,3}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= 255
    ? number
    : undefined;
}

const icmpIs = (family: Family, type: number, { path }: Place): Predicate =>
  predicateOf({
    path,
    about: 'protocol',
    expected: `${family} ICMP type ${type}`,
    test: (question) => icmpHolds(question, family, type),
    actual: ({ connection: { protocol, icmp } }) =>
      icmp === undefined ? `${protocol}, type not known` : `${protocol} type ${icmp.type}`,
    missing: () => ({ kind: 'port', text: 'the type of the ICMP message' }),
  });

function icmpHolds({ connection }: Question, family: Family, type: number): Truth {
  const { protocol, icmp } = connection;
  const wanted = family === 'IPv6' ? 'ICMPv6' : 'ICMP';
  if (protocol === '') return 'unknown';
  if (protocol !== wanted) return 'no';
  return icmp === undefined ? 'unknown' : truthOf(icmp.type === type);
}
