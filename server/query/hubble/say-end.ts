import { canonicalAddress, readCidr } from '../address.ts';
import type { Expression, Side, Value } from '../ast.ts';
import { textOf, type FilterValue } from './flow-filter.ts';
import {
  allOf,
  anyOf,
  between,
  field,
  glob,
  ofEitherEnd,
  refused,
  regex,
  said,
  unsaid,
  word,
  type Said,
} from './build.ts';
import { NEAR_CLUSTER, NEAR_WORKLOAD } from './names.ts';
import { anyNamespace, isName, nameValue, readPattern } from './name-pattern.ts';
import { saySelector } from './selector.ts';

/** Asks one end: values are joined by OR. */
type Ask = (values: readonly FilterValue[], side: Side | undefined) => Said;

/** Joins what each value says; the first that cannot be said stands for all. */
function each(values: readonly FilterValue[], say: (value: string) => Said): Said {
  const parts: Expression[] = [];
  for (const value of values) {
    const one = say(textOf(value));
    if (one.kind !== 'said') return one;
    parts.push(one.where);
  }
  return said(anyOf(merged(parts)));
}

/** `ns:a OR ns:b` as `ns:a,b`. */
function merged(parts: readonly Expression[]): readonly Expression[] {
  const lists = new Map<string, Expression>();
  for (const part of parts) {
    const key = part.kind === 'field' ? `${part.side ?? ''}.${part.field}` : String(lists.size);
    const known = lists.get(key);
    const isBoth = known?.kind === 'field' && part.kind === 'field';
    lists.set(key, isBoth ? { ...known, values: [...known.values, ...part.values] } : part);
  }
  return [...lists.values()];
}

/** `namespace/name` as Hubble cuts it; a name alone is one of the namespace `default`. */
function readName(text: string): { ns: string; prefix: string } | Said {
  const [first = '', second] = text.split('/');
  const name =
    second === undefined ? { ns: 'default', prefix: first } : { ns: first, prefix: second };
  if (text === '') return refused('a name or a namespace is missing');
  if (name.ns === '' && name.prefix === '') {
    return unsaid('all namespaces without a name asks for nothing that a query could hold');
  }
  const fits = [name.ns, name.prefix].every((part) => part === '' || isName(part));
  return fits ? name : unsaid('this is no name that Kubernetes has');
}

const pod: Ask = (values, side) =>
  each(values, (text) => {
    const name = readName(text);
    if ('kind' in name) return name;
    const parts: Expression[] = [];
    if (name.ns !== '') parts.push(field(side, 'ns', [word(name.ns)]));
    if (name.prefix !== '') parts.push(field(side, 'pod', [glob(`${name.prefix}*`)]));
    return said(allOf(parts));
  });

const service: Ask = (values, side) =>
  each(values, (text) => {
    const name = readName(text);
    if ('kind' in name) return name;
    const value: Value =
      name.ns === '' ? regex(anyNamespace(name.prefix)) : glob(`${name.ns}/${name.prefix}*`);
    return said(field(side, 'svc', [value]));
  });

const ip: Ask = (values, side) =>
  each(values, (text) => {
    if (text.includes('/')) {
      const cidr = readCidr(text);
      if (cidr === undefined) return refused(`"${text}" is no block of addresses`);
      return text.includes(':') && !cidr.address.includes(':')
        ? unsaid('IPv4 addresses written as IPv6 are IPv4 here')
        : said(field(side, 'ip', [{ kind: 'cidr', ...cidr }]));
    }
    const address = canonicalAddress(text);
    if (address === undefined) return refused(`"${text}" is no address`);
    return address === text
      ? said(field(side, 'ip', [word(address)]))
      : unsaid('Hubble compares addresses as text, and agents write them shorter', `ip:${address}`);
  });

const port: Ask = (values, side) =>
  each(values, (text) => {
    const number = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
    if (!(number <= 65_535)) return refused(`"${text}" is no port from 1 to 65535`);
    if (number === 0) return unsaid('port 0 stands for none in Hubble, and is not kept here');
    return said(field(side, 'port', [between(number, number)]));
  });

const identity: Ask = (values, side) =>
  each(values, (text) => {
    const number = Number(text);
    return number === 0
      ? unsaid('identity 0 stands for one that is not known', 'identity:none')
      : said(field(side, 'identity', [between(number, number)]));
  });

const fqdn: Ask = (values, side) =>
  each(values, (text) => {
    const read = readPattern(text);
    if ('why' in read) return refused(read.why);
    return said(field(side, 'fqdn', [nameValue(read.pattern)]));
  });

const cluster: Ask = ([name], side) =>
  unsaid(
    NEAR_CLUSTER,
    `${side === undefined ? '' : `${side}.`}cluster:${name === undefined ? '…' : textOf(name)}`,
  );

const label: Ask = (values, side) => each(values, (text) => saySelector(text, side));

const workload: Ask = ([first], side) => {
  const name = typeof first === 'object' ? first['name'] : undefined;
  const at = side === undefined ? '' : `${side}.`;
  return unsaid(
    NEAR_WORKLOAD,
    typeof name === 'string' && isName(name) ? `${at}wl:${name}` : undefined,
  );
};

const ENDS: Readonly<Record<string, Ask>> = {
  pod,
  service,
  ip,
  port,
  identity,
  fqdn,
  cluster_name: cluster,
  label,
  workload,
};

/** Whether a field of a filter asks one end, which end, and what: `source_pod` asks the sender's `pod`. */
export function endField(name: string): { side: Side; what: string } | undefined {
  const match = /^(source|destination)_(.+)$/.exec(name);
  const what = match?.[2] ?? '';
  if (match === null || !Object.hasOwn(ENDS, what)) return undefined;
  return { side: match[1] === 'source' ? 'from' : 'to', what };
}

export function sayEnd(what: string, values: readonly FilterValue[], side: Side | 'either'): Said {
  const ask = ENDS[what];
  if (ask === undefined) throw new Error(`no end has ${what}`);
  if (side !== 'either') return ask(values, side);
  // Whether it can be said hangs on the values alone.
  const first = ask(values, undefined);
  if (first.kind !== 'said') return first;
  return said(
    ofEitherEnd((at) => {
      const one = ask(values, at);
      return one.kind === 'said' ? one.where : first.where;
    }),
  );
}
