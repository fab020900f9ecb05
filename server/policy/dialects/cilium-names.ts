import type { MissingFact, Option, Predicate, Question } from '../form.ts';
import { namesAnswered } from '../predicates/domain-names.ts';
import { notUnderstood } from '../predicates/not-understood.ts';
import { partyText } from '../predicates/parties.ts';
import { predicateOf } from '../predicates/predicate.ts';
import { truthOf, type Truth } from '../truth.ts';
import { fieldOf, refuse, shown, textAt, unknownFields, type Place } from './manifest-fields.ts';

/** A name or a pattern of names, as `toFQDNs`, DNS rules and `serverNames` have them. */
type NameTest = {
  readonly text: string;
  /** Whatever the name is. */
  readonly isAny: boolean;
  matches(name: string): boolean;
};

const LONGEST = 255;

/** `matchName` or `matchPattern`, one of them. */
export function readNameRule(
  place: Place,
  predicateFor: (name: NameTest, place: Place) => Predicate,
): Option {
  const name = fieldOf(place, 'matchName');
  const pattern = fieldOf(place, 'matchPattern');
  const open = unknownFields(place, ['matchName', 'matchPattern']);
  const given = [name, pattern].filter((each) => (textAt(each) ?? '') !== '');
  const [only] = given;
  if (given.length !== 1 && open.length === 0)
    refuse(place, 'must have one of "matchName" and "matchPattern"');
  const predicates = open.map(notUnderstood);
  if (only !== undefined) {
    const test = only === name ? readName(only) : readPattern(only);
    if (test !== undefined) predicates.push(predicateFor(test, only));
  }
  return { path: place.path, predicates };
}

function readName(place: Place): NameTest | undefined {
  const text = textAt(place) ?? '';
  if (!isPlain(place, text, /^[-a-zA-Z0-9_.]+$/)) return undefined;
  const wanted = fullName(text);
  return { text, isAny: false, matches: (name) => fullName(name) === wanted };
}

/** `*` stands for characters of one label, a leading `**.` for one or more labels, `*` alone for any name. */
export function readPattern(place: Place): NameTest | undefined {
  const text = textAt(place) ?? '';
  if (!isPlain(place, text, /^[-a-zA-Z0-9_.*]+$/)) return undefined;
  if (/^\*+\.?$/.test(text)) return { text, isAny: true, matches: () => true };
  const tests = labelTests(fullName(text));
  return { text, isAny: false, matches: (name) => matchesLabels(tests, fullName(name)) };
}

function isPlain(place: Place, text: string, allowed: RegExp): boolean {
  if (text.length > LONGEST) refuse(place, `must be at most ${LONGEST} characters`);
  else if (!allowed.test(text)) refuse(place, `has a character that no name has: ${shown(text)}`);
  else return true;
  return false;
}

const fullName = (name: string): string => name.trim().toLowerCase().replace(/\.$/, '');

type LabelTests = {
  readonly anyDepth: boolean;
  /** Of each label what stands between the stars. */
  readonly labels: readonly (readonly string[])[];
};

function labelTests(pattern: string): LabelTests {
  const anyDepth = /^\*\*+\./.test(pattern);
  const labels = (anyDepth ? pattern.slice(pattern.indexOf('.') + 1) : pattern).split('.');
  return { anyDepth, labels: labels.map((label) => label.split(/\*+/)) };
}

function matchesLabels({ anyDepth, labels }: LabelTests, name: string): boolean {
  const parts = name.split('.');
  const above = parts.length - labels.length;
  if (anyDepth ? above < 1 : above !== 0) return false;
  return (
    parts.every((part) => /^[-a-z0-9_]+$/.test(part)) &&
    labels.every((pieces, at) => holdsPieces(parts[above + at] ?? '', pieces))
  );
}

/** Without a regular expression: one with many stars would take for ever on a name that nearly matches. */
function holdsPieces(label: string, pieces: readonly string[]): boolean {
  const [first = '', ...later] = pieces;
  const last = later.pop();
  if (last === undefined) return label === first;
  if (!label.startsWith(first)) return false;
  let at = first.length;
  for (const piece of later) {
    const found = label.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return label.length - last.length >= at && label.endsWith(last);
}

/** The peer's address was resolved for a name that matches: what `toFQDNs` means. */
export const resolvedName = (name: NameTest, { path }: Place): Predicate =>
  predicateOf({
    path,
    about: 'name',
    expected: name.text,
    test: (question) => nameHolds(name, question),
    actual: namesText,
    missing: missingName,
  });

function nameHolds(name: NameTest, question: Question): Truth {
  const { peer } = question;
  // Pods and nodes have identities of their own, whatever resolves to their addresses.
  if (peer.kind === 'unresolved') return 'unknown';
  if (peer.kind === 'reserved') return peer.entity.startsWith('world') ? 'unknown' : 'no';
  if (peer.kind !== 'address') return 'no';
  const names = namesOf(question);
  return names === undefined ? 'unknown' : truthOf(names.some((each) => name.matches(each)));
}

/** Names that the record has, else those that the proxies of the cluster gave out for the address. */
function namesOf({ peer, world }: Question): readonly string[] | undefined {
  if (peer.kind !== 'address') return undefined;
  if (peer.names !== undefined) return peer.names;
  const seen = namesAnswered(world.facts.dns ?? new Map(), peer.ip);
  return seen.length === 0 ? undefined : seen;
}

function namesText(question: Question): string {
  const { peer } = question;
  const names = namesOf(question);
  const who = partyText(peer);
  if (peer.kind === 'pod' || peer.kind === 'node') return `${who}, which is in the cluster`;
  if (names === undefined) return `${who}, of which no name is known`;
  return names.length === 0
    ? `${who}, which has no name`
    : `${who}, resolved as ${names.join(', ')}`;
}

const missingName = ({ peer }: Question): MissingFact => ({
  kind: 'dns',
  text: `the names that were resolved to ${partyText(peer)}`,
});

/** The name that a request carries: a DNS query, or the server name of TLS. */
export function requestName(
  name: NameTest,
  { path }: Place,
  asked: { readonly what: string; of(question: Question): string | undefined },
): Predicate {
  const test = (question: Question): Truth => {
    if (name.isAny) return 'yes';
    const given = asked.of(question);
    return given === undefined ? 'unknown' : truthOf(name.matches(given));
  };
  return predicateOf({
    path,
    about: 'l7',
    expected: name.text,
    test,
    actual: (question) => asked.of(question) ?? `${asked.what} not known`,
    missing: () => ({ kind: 'l7', text: asked.what }),
  });
}

export const DNS_QUERY = {
  what: 'the name that was asked for',
  of: ({ connection }: Question) => connection.dns,
} as const;

export const SERVER_NAME = {
  what: 'the server name of TLS',
  of: ({ connection }: Question) => connection.sni,
} as const;
