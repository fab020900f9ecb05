import type { FieldTerm, LabelTerm, Side, Value } from '../ast.ts';
import type { FilterValue } from './flow-filter.ts';
import { Unsayable } from './fragment.ts';
import { NEAR_CLUSTER, NEAR_WORKLOAD } from './names.ts';
import { anyNamespace, isName, patternOf } from './name-pattern.ts';

/** Numbers of a range are listed one by one, up to this many. */
const MOST_NUMBERS = 16;

export const literalOf = (value: Value): string | undefined =>
  value.kind === 'word' && (value.quoted || !value.text.includes('*')) ? value.text : undefined;

/** `web` of `web*`. */
function prefixOf(value: Value): string | undefined {
  if (value.kind !== 'word' || value.quoted) return undefined;
  const prefix = value.text.slice(0, -1);
  return value.text.endsWith('*') && isName(prefix) ? prefix : undefined;
}

/** Whole numbers of a term's values, in their order. */
function numbersOf(term: FieldTerm, low: number, high: number): readonly number[] {
  return term.values.flatMap((value) => {
    const from = value.kind === 'range' ? value.from : undefined;
    const to = value.kind === 'range' ? value.to : undefined;
    const first = from === undefined ? NaN : from.inclusive ? from.value : from.value + 1;
    const last = to === undefined ? NaN : to.inclusive ? to.value : to.value - 1;
    if (!(first >= low && last <= high)) {
      throw new Unsayable(term, `Hubble takes numbers from ${low} to ${high} here`);
    }
    if (last - first >= MOST_NUMBERS) {
      throw new Unsayable(
        term,
        `Hubble has no ranges, and lists of at most ${MOST_NUMBERS} are written out`,
      );
    }
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

function each(
  term: FieldTerm,
  read: (value: Value) => string | undefined,
  why: string,
): readonly string[] {
  return term.values.map((value) => {
    const text = read(value);
    if (text === undefined) throw new Unsayable(term, why);
    return text;
  });
}

function readService(value: Value): string | undefined {
  if (value.kind === 'regex') {
    const prefix = /^\^([^]+)\[\^\/\]\*\$$/.exec(value.source)?.[1]?.replaceAll('[.]', '.');
    // Only what `anyNamespace` made means the same.
    return prefix !== undefined && isName(prefix) && anyNamespace(prefix) === value.source
      ? `/${prefix}`
      : undefined;
  }
  if (value.kind !== 'word' || value.quoted) return undefined;
  return /^([\w.-]+\/[\w.-]*)\*$/.exec(value.text)?.[1];
}

function readIp(value: Value): string | undefined {
  return value.kind === 'cidr' ? `${value.address}/${value.bits}` : literalOf(value);
}

function readName(value: Value): string | undefined {
  const text = literalOf(value);
  return text !== undefined && isName(text) ? text : undefined;
}

type Answer = readonly [field: string, values: readonly FilterValue[]];

/** Field of one end, without the end, and its values; `undefined` for fields that ask the whole flow. */
export function askEnd(term: FieldTerm): Answer | undefined {
  switch (term.field) {
    case 'ns':
      return ['ns', each(term, readName, 'Hubble takes whole names of namespaces only')];
    case 'pod':
      return [
        'name',
        each(
          term,
          prefixOf,
          'Hubble compares the beginning of a pod name: pod:web* can be said, pod:web not',
        ),
      ];
    case 'svc':
      return [
        'service',
        each(
          term,
          readService,
          'Hubble compares namespace and beginning of a service: svc:shop/web* can be said',
        ),
      ];
    case 'ip':
      return ['ip', each(term, readIp, 'Hubble takes addresses and blocks only')];
    case 'port':
      return ['port', numbersOf(term, 1, 65_535).map(String)];
    case 'identity':
      return ['identity', numbersOf(term, 1, 2 ** 32 - 1)];
    case 'fqdn':
      return [
        'fqdn',
        each(term, readFqdn, "Hubble's * finds no underscore, ours does; whole names can be said"),
      ];
    case 'cluster':
      throw new Unsayable(term, NEAR_CLUSTER);
    case 'wl':
      throw new Unsayable(term, NEAR_WORKLOAD);
    default:
      return undefined;
  }
}

function readFqdn(value: Value): string | undefined {
  const text = literalOf(value);
  const pattern = patternOf(
    text === undefined ? value : { kind: 'word', text: text.toLowerCase(), quoted: true },
  );
  return pattern?.includes('/') === true || pattern?.endsWith('.') === true ? undefined : pattern;
}

/** Selectors of which one is true of each end outside the cluster. */
export const EXTERNAL_SELECTORS: readonly string[] = [
  'reserved:world',
  'reserved:world-ipv4',
  'reserved:world-ipv6',
];

const LABEL_KEY =
  /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\/)?[A-Za-z0-9](?:[\w.-]{0,56}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?)?$/;

/** Selectors that are ORed, for a label term of one end. */
export function askLabel(term: LabelTerm): readonly string[] {
  const { key, values, negated } = term;
  if (!LABEL_KEY.test(key)) throw new Unsayable(term, 'Kubernetes has no such label key');
  const has = (kind: Value['kind']): boolean => values.some((value) => value.kind === kind);
  const texts = values.flatMap((value) => {
    if (value.kind === 'any' || value.kind === 'none') return [];
    const text = literalOf(value);
    if (text !== undefined && LABEL_VALUE.test(text)) return [text];
    throw new Unsayable(term, 'a label selector takes whole values only');
  });
  const list = `(${texts.join(',')})`;
  const one = texts.length === 1;
  if (negated) {
    // All of what is left out has to be missing.
    const parts = [
      ...(has('none') ? [key] : []),
      ...(has('any') ? [`!${key}`] : []),
      ...(texts.length === 0 ? [] : [one ? `${key}!=${texts.join('')}` : `${key} notin ${list}`]),
    ];
    return [parts.join(',')];
  }
  return [
    ...(has('none') ? [`!${key}`] : []),
    ...(has('any') ? [key] : []),
    ...(texts.length === 0 ? [] : [one ? `${key}=${texts.join('')}` : `${key} in ${list}`]),
  ];
}

/** The end's name in fields of Hubble. */
export const endOf = (side: Side): string => (side === 'from' ? 'source' : 'destination');
