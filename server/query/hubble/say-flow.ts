import { dropReasonCode } from '../../core/drop-reasons.ts';
import type { Expression, Value } from '../ast.ts';
import { readRegex } from '../pattern.ts';
import { EVENT_TYPES, HTTP_METHODS, own } from './names.ts';
import {
  allOf,
  anyOf,
  between,
  field,
  glob,
  negated,
  refused,
  regex,
  said,
  unsaid,
  word,
  type Said,
} from './build.ts';
import { textOf, type FilterValue, type FlowFilter } from './flow-filter.ts';
import { matchesPattern, nodeValue, readPattern } from './name-pattern.ts';

type Ask = (values: readonly FilterValue[], filter: FlowFilter) => Said;

const flowField = (name: string, values: readonly Value[]): Said =>
  said(field(undefined, name, values));

const VERDICT_WORDS: Readonly<Record<string, string>> = {
  DROPPED: 'dropped',
  AUDIT: 'audited',
  ERROR: 'error',
};

/** `verdict:forwarded` is FORWARDED and REDIRECTED; one of them alone is told by the source's own word. */
const verdict: Ask = (values) => {
  const words = values.map(textOf);
  const both = ['FORWARDED', 'REDIRECTED'].every((name) => words.includes(name));
  const ours = words.map((name) =>
    both && /^(?:FORWARDED|REDIRECTED)$/.test(name) ? 'forwarded' : own(VERDICT_WORDS, name),
  );
  const known = ours.filter((name) => name !== undefined);
  return known.length === words.length
    ? flowField('verdict', [...new Set(known)].map(word))
    : flowField('raw.verdict', words.map(word));
};

/** A denial at L7 has no reason in Hubble, and one of its own here. */
const dropReasonDesc: Ask = (values) =>
  flowField(
    'reason',
    values.flatMap((name) =>
      name === 'DROP_REASON_UNKNOWN' ? [word(name), word('L7_DENIED')] : [word(textOf(name))],
    ),
  );

const eventType: Ask = (values) => {
  const parts: Expression[] = [];
  for (const value of values) {
    const { type, match_sub_type: hasSub, sub_type: sub = 0 } = value as Record<string, unknown>;
    const event = EVENT_TYPES.find((row) => row.type === type)?.event;
    if (event === undefined) return unsaid('this type of event is not kept apart here');
    const term = field(undefined, 'event', [word(event)]);
    if (hasSub !== true) parts.push(term);
    else if (event === 'drop' && typeof sub === 'number') {
      parts.push(allOf([term, field(undefined, 'reason', [word(dropReasonCode(sub))])]));
    } else return unsaid('the sub type of an event is not kept', `event:${event}`);
  }
  const plain = parts.flatMap((part) => (part.kind === 'field' ? part.values : []));
  const others = parts.filter((part) => part.kind !== 'field');
  const list = plain.length === 0 ? [] : [field(undefined, 'event', plain)];
  return said(anyOf([...list, ...others]));
};

const L4: Readonly<Record<string, readonly string[]>> = {
  tcp: ['tcp'],
  udp: ['udp'],
  sctp: ['sctp'],
  icmp: ['icmp', 'icmpv6'],
  icmpv4: ['icmp'],
  icmpv6: ['icmpv6'],
};

const isHttp = (filter: FlowFilter): boolean =>
  filter.has('http_status_code') || filter.has('http_method');

const protocol: Ask = (values, filter) => {
  const words = values.map((name) => textOf(name).toLowerCase());
  const strange = words.find(
    (name) => own(L4, name) === undefined && !/^(?:dns|http|kafka)$/.test(name),
  );
  if (strange !== undefined) return refused(`"${strange}" is no protocol that Hubble filters by`);
  // A method or a status is HTTP's already.
  if (words.includes('http') && isHttp(filter)) return { kind: 'implied' };
  const l7 = words.find((name) => own(L4, name) === undefined);
  if (l7 !== undefined) {
    return unsaid(`there is no field for the L7 protocol ${l7}`, 'event:l7');
  }
  return flowField('proto', [...new Set(words.flatMap((name) => own(L4, name) ?? []))].map(word));
};

const L7_TYPE = 129;

function refusesHttp(filter: FlowFilter): boolean {
  const types = filter.get('event_type') ?? [];
  return types.length > 0 && !types.some((value) => (value as { type?: unknown }).type === L7_TYPE);
}

const http =
  (ask: Ask): Ask =>
  (values, filter) =>
    refusesHttp(filter)
      ? refused('Hubble refuses HTTP filters beside types of events that are not l7')
      : ask(values, filter);

/** Response codes of DNS, which share the field, end before 100. */
const httpStatus = http((values) => {
  const ranges: Value[] = [];
  for (const value of values) {
    const match = /^([1-5]\d{2})$|^([1-5]\d?)\+$/.exec(textOf(value));
    if (match === null) return refused(`"${textOf(value)}" is no status such as 404, 5+ or 50+`);
    const [, full, prefix = ''] = match;
    const scale = prefix.length === 1 ? 100 : 10;
    const low = full === undefined ? Number(prefix) * scale : Number(full);
    ranges.push(between(low, full === undefined ? low + scale - 1 : low));
  }
  return flowField('l7.status', ranges);
});

const httpMethod = http((values) => {
  const methods = values.map((name) => textOf(name).toUpperCase());
  return methods.every((name) => HTTP_METHODS.has(name))
    ? flowField('l7.method', methods.map(word))
    : unsaid(
        'l7.method also holds types of DNS and keys of Kafka, so other methods are not told apart',
      );
});

const httpUrl = http((values, filter) => {
  const sources = values.map(textOf);
  for (const source of sources) {
    const read = readRegex(source, { ignoreCase: false });
    if (!read.ok) return refused(read.reason);
  }
  return isHttp(filter)
    ? flowField('l7.path', sources.map(regex))
    : unsaid(
        'l7.path also holds DNS names and topics of Kafka; beside --http-method or --http-status it can be said',
        'l7.path:…',
      );
});

const trafficDirection: Ask = (values) =>
  flowField(
    'dir',
    values.map((name) =>
      word(name === 'INGRESS' ? 'ingress' : name === 'EGRESS' ? 'egress' : 'unknown'),
    ),
  );

/** Hubble takes a drop that does not say for no reply; nothing else that does not say is found. */
const reply: Ask = (values, filter) => {
  const isReply = field(undefined, 'is', [word('reply')]);
  const verdicts = filter.get('verdict') ?? [];
  const isDrop = verdicts.length > 0 && verdicts.every((name) => name === 'DROPPED');
  if (isDrop && !values.includes(true)) return said(negated(isReply));
  return values.includes(false)
    ? unsaid('flows that are no reply are not told from those that do not say', '-is:reply')
    : unsaid('is:reply also takes the word of the older field reply', 'is:reply');
};

/** A node without a cluster counts as one of the cluster `default`. */
const nodeName: Ask = (values) => {
  const parts: Expression[] = [];
  for (const value of values) {
    const names = textOf(value).split('/');
    const [cluster, node] = names.length > 1 ? names : ['', names[0]];
    const patterns = [cluster, node ?? ''].map((text) =>
      text === '' ? { pattern: '' } : readPattern(text),
    );
    if (names.length > 2 || textOf(value) === '')
      return refused(`"${textOf(value)}" is no name of a node`);
    const wrong = patterns.find((pattern) => 'why' in pattern);
    if (wrong !== undefined && 'why' in wrong) return refused(wrong.why);
    const [inCluster = '', named = ''] = patterns.map((read) =>
      'pattern' in read ? read.pattern : '',
    );
    if (inCluster === '' && named === '') return unsaid('any node of any cluster', 'node:*');
    if (inCluster !== 'default') {
      parts.push(field(undefined, 'node', [nodeValue(inCluster, named)]));
    }
    if (inCluster !== '' && matchesPattern(inCluster, 'default')) {
      const any = named === '' ? ({ kind: 'any' } as const) : nodeValue('', named);
      const elsewhere = field(undefined, 'node', [glob('*/*')]);
      parts.push(allOf([field(undefined, 'node', [any]), negated(elsewhere)]));
    }
  }
  return said(anyOf(parts));
};

const notKept =
  (what: string, nearest?: string): Ask =>
  () =>
    unsaid(`${what} is only in the record and no field of a query`, nearest);

const ASKS: Readonly<Record<string, Ask>> = {
  verdict,
  drop_reason_desc: dropReasonDesc,
  event_type: eventType,
  protocol,
  http_status_code: httpStatus,
  http_method: httpMethod,
  http_url: httpUrl,
  traffic_direction: trafficDirection,
  reply,
  node_name: nodeName,
  http_path: http(() => unsaid('l7.path holds the whole URL, not its path', 'l7.path:…')),
  http_header: http(notKept('an HTTP header')),
  dns_query: () =>
    unsaid('l7.path also holds URLs, and DNS names without their last dot', 'l7.path:…'),
  uuid: () => unsaid('id: is the uuid of flows that were streamed, not of imported ones'),
  ip_version: () => unsaid('the IP version is not kept', 'ip:0.0.0.0/0 or ip:::/0'),
  source_ip_xlated: notKept('the address after SNAT'),
  tcp_flags: notKept('the set of TCP flags'),
  trace_id: notKept('a trace id'),
  ip_trace_id: notKept('an IP trace id'),
  node_labels: notKept('a label of a node', 'node:…'),
  interface: notKept('the network interface'),
  encrypted: notKept('whether a packet was encrypted'),
  experimental: () => unsaid('a CEL expression is a language of its own'),
};

/** What a field that asks the whole flow says. */
export function sayFlow(name: string, values: readonly FilterValue[], filter: FlowFilter): Said {
  const ask = ASKS[name];
  if (ask === undefined) throw new Error(`no flow has ${name}`);
  return ask(values, filter);
}
