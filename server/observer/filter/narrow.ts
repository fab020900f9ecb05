/**
 * What a flow must be in terms of the store's own query for a filter to select it, so that a narrow filter over weeks
 * reads little. Only what can never lose a match is said here; the filter itself judges what is read.
 */
import { canonicalAddress, readCidr } from '../../query/address.ts';
import type { Expression, FieldTerm, Side, Value } from '../../query/ast.ts';
import type { JsonObject } from '../../sources/json-value.ts';
import { NETWORK_LABEL } from '../calico-message.ts';
import { namePattern, portOf } from './end-fields.ts';
import type { FlowFilters } from './flow-filter.ts';
import { readSelector } from './label-selector.ts';
import { DEFAULT_CLUSTER, fqdnPattern, nodePattern } from './patterns.ts';
import { objectsOf, textsOf, type Entries } from './rule.ts';

/** `undefined`: nothing can be said. */
type Narrow = Expression | undefined;
type NarrowRule = (entries: Entries, field: string) => Narrow;

const word = (text: string): Value => ({ kind: 'word', text, quoted: true });
const glob = (text: string): Value => ({ kind: 'word', text, quoted: false });
const number = (value: number): Value => {
  const bound = { value, inclusive: true };
  return { kind: 'range', from: bound, to: bound };
};
const ANY: Value = { kind: 'any' };

const term = (field: string, values: readonly Value[], side?: Side): FieldTerm => ({
  kind: 'field',
  side,
  field,
  values,
});

const FLOW_LOG = term('event', [word('flow-log')]);

const allOf = (parts: readonly Narrow[]): Narrow => {
  const of = parts.filter((part) => part !== undefined);
  return of.length < 2 ? of[0] : { kind: 'and', of };
};

/** One entry of which nothing can be said leaves nothing to say of the list. */
const anyOf = (parts: readonly Narrow[]): Narrow => {
  const of = parts.filter((part) => part !== undefined);
  if (of.length < parts.length) return undefined;
  return of.length < 2 ? of[0] : { kind: 'or', of };
};

const texts =
  (each: (text: string, field: string) => Narrow): NarrowRule =>
  (entries, field) =>
    anyOf(textsOf(entries).map((text) => each(text, field)));

const address = (side: Side): NarrowRule =>
  texts((text) => {
    const cidr = readCidr(text);
    if (cidr !== undefined) return term('ip', [{ kind: 'cidr', ...cidr }], side);
    const one = canonicalAddress(text);
    return one === undefined ? undefined : term('ip', [word(one)], side);
  });

const pod = (side: Side): NarrowRule =>
  texts((text, field) => {
    const { namespace, prefix } = namePattern(text, field);
    // An aggregated end of a Calico flow is told as `web-*`.
    const owner = prefix.replace(/-?\*?$/, '');
    const isPlain = owner !== '' && !owner.includes('*');
    return allOf([
      namespace === '' ? undefined : term('ns', [word(namespace)], side),
      isPlain
        ? anyOf([term('pod', [glob(`${owner}*`)], side), term('wl', [glob(`${owner}*`)], side)])
        : undefined,
    ]);
  });

const service = (side: Side): NarrowRule =>
  texts((text, field) => {
    const { namespace, prefix } = namePattern(text, field);
    if (text.includes('*')) return undefined;
    return term('svc', [glob(namespace === '' ? `${prefix}*` : `${namespace}/${prefix}*`)], side);
  });

/** Stored names have no dot at their end, which a star at the pattern's end may have stood for. */
const fqdn = (side: Side): NarrowRule =>
  texts((text, field) =>
    term('fqdn', [glob(fqdnPattern(field, text).replace(/[.*]*\*$/, '*'))], side),
  );

/** Labels that a message of a Calico flow has and its record has not. */
const ADDED_LABELS = new Set([
  'host',
  'world',
  NETWORK_LABEL.slice(NETWORK_LABEL.indexOf(':') + 1),
]);

const label = (side: Side): NarrowRule =>
  texts((selector, field) =>
    allOf(
      readSelector(field, selector).map(({ key, operator, values }): Narrow => {
        if (operator === 'absent' || operator === 'notin') return undefined;
        const wanted = operator === 'in' ? values.map(word) : [ANY];
        const has: Expression = { kind: 'label', side, key, negated: false, values: wanted };
        return ADDED_LABELS.has(key) ? anyOf([has, FLOW_LOG]) : has;
      }),
    ),
  );

const port = (side: Side): NarrowRule =>
  texts((text, field) => {
    const wanted = portOf(text, field);
    return wanted === 0 ? undefined : term('port', [number(wanted)], side);
  });

/** Calico has no identities, and what its flows are given instead stands in no column. */
const identity =
  (side: Side): NarrowRule =>
  (entries) => {
    const numbers = entries.map(Number);
    if (numbers.includes(0)) return undefined;
    return anyOf([term('identity', numbers.map(number), side), FLOW_LOG]);
  };

const cluster = (side: Side): NarrowRule =>
  texts((name) => (name === '' ? undefined : term('cluster', [word(name)], side)));

const VERDICTS: ReadonlyMap<unknown, string> = new Map([
  ['FORWARDED', 'forwarded'],
  ['REDIRECTED', 'forwarded'],
  ['DROPPED', 'dropped'],
  ['AUDIT', 'audited'],
  ['ERROR', 'error'],
]);

const verdict: NarrowRule = (entries) => {
  const kinds = new Set(entries.map((entry) => VERDICTS.get(entry) ?? 'unknown'));
  return term('verdict', [...kinds].map(word));
};

/** Of a flow that is no drop, the reason that it may carry all the same is not stored. */
const dropReason: NarrowRule = (entries) => {
  if (entries.includes('DROP_REASON_UNKNOWN')) return undefined;
  const reasons = entries.map((entry) => word(String(entry)));
  const isDrop = term('verdict', [word('dropped')]);
  const byCalico = ['CALICO_END_OF_TIER', 'CALICO_NO_PROFILE', 'CALICO_DENY'].map(word);
  return anyOf([term('reason', [...reasons, ...byCalico]), { kind: 'not', of: isDrop }]);
};

const EVENTS: ReadonlyMap<unknown, readonly string[]> = new Map([
  [1, ['drop']],
  [3, ['capture']],
  [4, ['trace']],
  [5, ['policy-verdict', 'flow-log']],
  [7, ['socket']],
  [129, ['l7']],
]);

const eventType: NarrowRule = (entries) => {
  const kinds = objectsOf(entries).map(({ type }) => EVENTS.get(type));
  const known = kinds.filter((kind) => kind !== undefined);
  return known.length < kinds.length ? undefined : term('event', known.flat().map(word));
};

/** Records that tell their direction in a form of their own are stored without. */
const direction: NarrowRule = (entries) => {
  if (entries.some((entry) => entry !== 'INGRESS' && entry !== 'EGRESS')) return undefined;
  return term('dir', [...entries.map((entry) => String(entry).toLowerCase()), 'unknown'].map(word));
};

const PROTOCOLS: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ['icmp', ['icmp', 'icmpv6']],
  ['icmpv4', ['icmp']],
  ...['icmpv6', 'tcp', 'udp', 'sctp', 'vrrp', 'igmp'].map((name) => [name, [name]] as const),
]);

const protocol = texts((text) => {
  const names = PROTOCOLS.get(text.toLowerCase());
  return names === undefined ? undefined : term('proto', names.map(word));
});

const reply: NarrowRule = (entries) =>
  entries.includes(false) ? undefined : term('is', [word('reply')]);

const node = texts((text, field) => {
  const pattern = nodePattern(field, text);
  if (pattern.node !== '') return term('node', [glob(pattern.node)]);
  // A node without a cluster counts as one of the cluster `default`.
  const mayBeDefault = pattern.cluster.includes('*') || pattern.cluster === DEFAULT_CLUSTER;
  return mayBeDefault ? undefined : term('node', [glob(`${pattern.cluster}/*`)]);
});

const httpUrl: NarrowRule = (entries) =>
  term(
    'l7.path',
    textsOf(entries).map((source): Value => ({ kind: 'regex', source })),
  );

const RULES: Readonly<Record<string, NarrowRule>> = {
  source_ip: address('from'),
  destination_ip: address('to'),
  source_pod: pod('from'),
  destination_pod: pod('to'),
  source_service: service('from'),
  destination_service: service('to'),
  source_fqdn: fqdn('from'),
  destination_fqdn: fqdn('to'),
  source_label: label('from'),
  destination_label: label('to'),
  source_port: port('from'),
  destination_port: port('to'),
  source_identity: identity('from'),
  destination_identity: identity('to'),
  source_cluster_name: cluster('from'),
  destination_cluster_name: cluster('to'),
  verdict,
  drop_reason_desc: dropReason,
  event_type: eventType,
  traffic_direction: direction,
  protocol,
  reply,
  node_name: node,
  tcp_flags: () => term('proto', [word('tcp')]),
  http_status_code: () => term('l7.status', [ANY]),
  http_method: (entries) =>
    term(
      'l7.method',
      entries.map((entry) => word(String(entry))),
    ),
  http_path: () => term('l7.path', [ANY]),
  http_url: httpUrl,
};

/** Takes filters that `compileFilters` has read. The black list says nothing of what must be. */
export function narrow({ whitelist }: Pick<FlowFilters, 'whitelist'>): Expression | undefined {
  return anyOf(whitelist.map(narrowOne));
}

function narrowOne(filter: JsonObject): Narrow {
  return allOf(
    Object.entries(filter).map(([field, value]) =>
      Array.isArray(value) && value.length > 0 ? RULES[field]?.(value, field) : undefined,
    ),
  );
}
