import type { ManifestPath } from '../../core/manifest.ts';
import type { Clause, Effect, Rule, Way } from '../form.ts';
import { readBlock } from '../predicates/addresses.ts';
import { entityClauses, type EntityContext } from './calico-entity.ts';
import { oneClause, openClauses } from './clauses.ts';
import { httpClauses } from './calico-http.ts';
import {
  familyOfProtocol,
  familyPredicate,
  icmpAt,
  isTcp,
  protocolAt,
  protocolPredicate,
  protocolText,
  type Protocol,
} from './calico-protocol.ts';
import {
  cappedItems,
  choiceAt,
  fieldOf,
  fieldsOf,
  integerAt,
  isThere,
  recordAt,
  refuse,
  unknownFields,
  type Place,
} from './manifest-fields.ts';

const EFFECTS = {
  Allow: 'allow',
  Deny: 'deny',
  Pass: 'pass',
  Log: 'log',
} as const satisfies Record<string, Effect>;
const ACTIONS = ['Allow', 'Deny', 'Log', 'Pass'] as const;
const FIELDS = [
  'action',
  'ipVersion',
  'protocol',
  'icmp',
  'notProtocol',
  'notICMP',
  'source',
  'destination',
  'http',
  'metadata',
];
const MOST_RULES = 1024;

export type RuleContext = Pick<EntityContext, 'way' | 'namespace' | 'references'>;

export const rulesAt = (place: Place, context: RuleContext): readonly Rule[] =>
  cappedItems(place, MOST_RULES).map((rule) => ruleAt(rule, context));

function ruleAt(place: Place, context: RuleContext): Rule {
  recordAt(place);
  const action = fieldOf(place, 'action');
  if (!isThere(action)) refuse(action, 'must be given');
  const protocols: Protocols = {
    family: familyAt(fieldOf(place, 'ipVersion')),
    protocol: protocolAt(fieldOf(place, 'protocol')),
    notProtocol: protocolAt(fieldOf(place, 'notProtocol')),
  };
  checkFamilies(place, protocols);
  checkHttp(place, protocols.protocol, context.way);
  const entity = { ...context, protocol: protocols.protocol };
  return {
    path: place.path,
    effect: EFFECTS[choiceAt(action, ACTIONS) ?? 'Allow'],
    clauses: [
      ...protocolClauses(place, protocols),
      ...entityClauses(fieldOf(place, 'source'), { ...entity, side: 'source' }),
      ...entityClauses(fieldOf(place, 'destination'), { ...entity, side: 'destination' }),
      ...httpClauses(fieldOf(place, 'http')),
      ...openClauses(unknownFields(place, FIELDS)),
    ],
  };
}

type Protocols = {
  readonly family: 4 | 6 | undefined;
  readonly protocol: Protocol | undefined;
  readonly notProtocol: Protocol | undefined;
};

function protocolClauses(
  place: Place,
  { family, protocol, notProtocol }: Protocols,
): readonly Clause[] {
  const icmp = fieldOf(place, 'icmp');
  if (isThere(icmp) && familyOfProtocol(protocol) === undefined)
    refuse(icmp, 'needs the protocol ICMP or ICMPv6');
  const pathOf = (name: string): ManifestPath => [...place.path, name];
  const predicates = [
    family === undefined ? undefined : familyPredicate(family, pathOf('ipVersion')),
    protocol === undefined
      ? undefined
      : protocolPredicate(protocol, { path: pathOf('protocol'), isNegated: false }),
    notProtocol === undefined
      ? undefined
      : protocolPredicate(notProtocol, { path: pathOf('notProtocol'), isNegated: true }),
    icmpAt(icmp, false),
    icmpAt(fieldOf(place, 'notICMP'), true),
  ];
  return predicates.flatMap((predicate) =>
    predicate === undefined ? [] : [oneClause('port', predicate)],
  );
}

function familyAt(place: Place): 4 | 6 | undefined {
  const version = integerAt(place);
  if (version === undefined || version === 4 || version === 6) return version;
  refuse(place, `must be 4 or 6, and is ${version}`);
  return undefined;
}

const NETS = [
  ['source', 'nets'],
  ['source', 'notNets'],
  ['destination', 'nets'],
  ['destination', 'notNets'],
] as const;

/** A rule is for one family of addresses, by its version, its ICMP or its blocks. */
function checkFamilies(place: Place, { family, protocol, notProtocol }: Protocols): void {
  for (const each of [protocol, notProtocol]) {
    const own = familyOfProtocol(each);
    if (own !== undefined && family !== undefined && family !== own)
      refuse(fieldOf(place, 'ipVersion'), `must be ${own}, as its ICMP is, and is ${family}`);
  }
  const seen = new Set<4 | 6>();
  for (const path of NETS) {
    const nets = fieldsOf(place, ...path);
    const families = familiesIn(nets.value);
    if (family !== undefined && families.some((each) => each !== family))
      refuse(nets, `must have blocks of the rule's ipVersion ${family} only`);
    for (const each of families) seen.add(each);
    if (seen.size > 1) {
      refuse(nets, 'must not have blocks of both IPv4 and IPv6 in one rule');
      return;
    }
  }
}

/** Lists that are too long are refused where their entries are read. */
const familiesIn = (value: unknown): readonly (4 | 6)[] =>
  Array.isArray(value) && value.length <= MOST_RULES
    ? value.flatMap((net: unknown) => {
        const block = typeof net === 'string' ? readBlock(net) : undefined;
        return block === undefined ? [] : [block.isV6 ? 6 : 4];
      })
    : [];

function checkHttp(place: Place, protocol: Protocol | undefined, way: Way): void {
  const http = fieldOf(place, 'http');
  if (!isThere(http)) return;
  if (way === 'egress') refuse(http, 'must not be in an egress rule');
  if (fieldOf(place, 'action').value !== 'Allow') refuse(http, 'must be in a rule that allows');
  if (protocol !== undefined && !isTcp(protocol))
    refuse(fieldOf(place, 'protocol'), `must be TCP beside http, and is ${protocolText(protocol)}`);
}
