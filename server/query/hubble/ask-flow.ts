import { HUBBLE_VERDICTS } from '../../core/verdict.ts';
import { DROP_REASONS, dropReason } from '../../core/drop-reasons.ts';
import type { FieldTerm } from '../ast.ts';
import { literalOf } from './ask-end.ts';
import { REASON_NUMBERS, type FilterValue } from './flow-filter.ts';
import { Unsayable, type Fragment } from './fragment.ts';
import { EVENT_TYPES, HTTP_METHODS, own } from './names.ts';
import { patternOf } from './name-pattern.ts';

/** Hubble's words for a verdict; `unknown` also stands for words that are newer. */
export const VERDICT_WORDS: Readonly<Record<string, readonly string[]>> = {
  forwarded: ['FORWARDED', 'REDIRECTED'],
  dropped: ['DROPPED'],
  audited: ['AUDIT'],
  error: ['ERROR'],
};

const PROTOCOLS: Readonly<Record<string, string>> = {
  tcp: 'tcp',
  udp: 'udp',
  sctp: 'sctp',
  icmp: 'icmpv4',
  icmpv6: 'icmpv6',
};

const L7 = { type: 129 };

const fragment = (
  term: FieldTerm,
  fields: Readonly<Record<string, readonly FilterValue[]>>,
): Fragment => new Map(Object.entries(fields).map(([name, values]) => [name, { values, term }]));

function mapped(
  term: FieldTerm,
  why: string,
  map: (text: string) => FilterValue | undefined,
): readonly FilterValue[] {
  return term.values.map((value) => {
    const text = literalOf(value);
    const found = text === undefined ? undefined : map(text);
    if (found === undefined) throw new Unsayable(term, why);
    return found;
  });
}

/** A code, a number or a category, over the reasons that are known; an L7 denial has no reason in Hubble. */
function reasons(term: FieldTerm): readonly Fragment[] {
  if (term.values.every((value) => value.kind === 'any'))
    return [fragment(term, { verdict: ['DROPPED'] })];
  const codes = new Set<string>();
  for (const value of term.values) {
    const text = literalOf(value)?.toLowerCase();
    const found = DROP_REASONS.filter(
      ({ code, category, number }) =>
        code.toLowerCase() === text || category === text || String(number) === text,
    );
    if (found.length === 0 || text === 'unknown') {
      throw new Unsayable(term, 'Hubble takes drop reasons by name, and only those that it names');
    }
    for (const { code } of found) codes.add(code);
  }
  const hasUnknown = codes.has('DROP_REASON_UNKNOWN');
  const hasDenied = codes.delete('L7_DENIED');
  if (hasUnknown && !hasDenied) {
    throw new Unsayable(term, 'DROP_REASON_UNKNOWN of Hubble also holds denials at L7 (L7_DENIED)');
  }
  // Reasons of Calico are on no flow of Hubble.
  const named = [...codes].filter((code) => REASON_NUMBERS.has(code));
  const denied =
    hasDenied && !hasUnknown
      ? [fragment(term, { drop_reason_desc: ['DROP_REASON_UNKNOWN'], event_type: [L7] })]
      : [];
  if (named.length + denied.length === 0)
    throw new Unsayable(term, `${dropReason([...codes][0] ?? '').words}: no reason of Hubble`);
  return named.length === 0 ? denied : [fragment(term, { drop_reason_desc: named }), ...denied];
}

/** 404, 40+ or 4+ for the numbers of the term's ranges. */
function statuses(term: FieldTerm): readonly string[] {
  return term.values.flatMap((value) => {
    const { from, to } = value.kind === 'range' ? value : {};
    const low = from === undefined ? NaN : from.inclusive ? from.value : from.value + 1;
    const high = to === undefined ? NaN : to.inclusive ? to.value : to.value - 1;
    if (!(low >= 100 && high <= 599)) {
      throw new Unsayable(term, 'numbers outside 100..599 may be response codes of DNS');
    }
    const written: string[] = [];
    for (let at = low; at <= high;) {
      const size = [100, 10].find((step) => at % step === 0 && at + step - 1 <= high) ?? 1;
      written.push(size === 1 ? String(at) : `${at / size}+`);
      at += size;
    }
    return written;
  });
}

type Worded = {
  readonly name: string;
  readonly why: string;
  readonly map: (text: string) => FilterValue | undefined;
};

/** Fields of ours of which each word is one of Hubble's. */
const WORDED: Readonly<Record<string, Worded>> = {
  'raw.verdict': {
    name: 'verdict',
    why: 'Hubble takes its own verdicts only',
    map: (text) => HUBBLE_VERDICTS.find((name) => name === text.toUpperCase()),
  },
  proto: {
    name: 'protocol',
    why: 'Hubble filters by tcp, udp, sctp, icmp and icmpv6',
    map: (text) => own(PROTOCOLS, text.toLowerCase()),
  },
  dir: {
    name: 'traffic_direction',
    why: 'Hubble has no such direction',
    map: (text) => (text === 'unknown' ? 'TRAFFIC_DIRECTION_UNKNOWN' : text.toUpperCase()),
  },
  event: {
    name: 'event_type',
    why: 'Hubble has no type of event that is the same',
    map: (text) => {
      const row = EVENT_TYPES.find(({ event }) => event === text);
      return row === undefined ? undefined : { type: row.type };
    },
  },
  'l7.method': {
    name: 'http_method',
    why: 'types of DNS and keys of Kafka share the field; methods of HTTP can be said',
    map: (text) => (HTTP_METHODS.has(text.toUpperCase()) ? text.toUpperCase() : undefined),
  },
};

/** What a term asks of the whole flow; throws `Unsayable`. */
export function askFlow(term: FieldTerm): readonly Fragment[] {
  const worded = own(WORDED, term.field);
  const one = (name: string, values: readonly FilterValue[]): readonly Fragment[] => [
    fragment(term, { [name]: values }),
  ];
  if (worded !== undefined) return one(worded.name, mapped(term, worded.why, worded.map));
  switch (term.field) {
    case 'verdict':
      return one('verdict', verdicts(term));
    case 'reason':
      return reasons(term);
    case 'node':
      return one('node_name', nodes(term));
    case 'l7.status':
      return one('http_status_code', statuses(term));
    case 'l7.path':
      return one('http_url', expressions(term));
    case 'id':
      throw new Unsayable(term, 'imported flows have ids of their own, which Hubble does not know');
    default:
      throw new Unsayable(term, `Hubble has no filter for ${term.field}:`);
  }
}

function verdicts(term: FieldTerm): readonly string[] {
  return term.values.flatMap((value) => {
    const words = own(VERDICT_WORDS, literalOf(value) ?? '');
    if (words !== undefined) return words;
    throw new Unsayable(term, 'verdict:unknown also holds verdicts that Hubble may have later');
  });
}

function expressions(term: FieldTerm): readonly string[] {
  return term.values.map((value) => {
    if (value.kind === 'regex') return value.source;
    throw new Unsayable(term, 'Hubble takes a regular expression here, such as l7.path:/orders/');
  });
}

function nodes(term: FieldTerm): readonly string[] {
  return term.values.map((value) => {
    const pattern = patternOf(value);
    const parts = pattern?.split('/') ?? [];
    // The cluster `default` is not written here, and a pattern for clusters may take it in.
    const [cluster = ''] = parts.length === 2 ? parts : [''];
    if (pattern === undefined || parts.length > 2 || /^default$|\*/.test(cluster)) {
      throw new Unsayable(
        term,
        "Hubble's * finds no underscore and no slash, ours does; whole names can be said",
      );
    }
    return pattern;
  });
}
