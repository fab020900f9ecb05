import { DROP_STATES, type DropState } from '../../../server/core/drop-state.ts';
import { HARM_KINDS, type HarmKind } from '../../../server/core/harm.ts';
import type { CountedDropGroupJson } from '../../../server/http/contract.ts';
import { endName, policyNames, portAndProtocol, reasonWords } from '../words/flow.ts';

const DROP_SORTS = [
  'state',
  'source',
  'destination',
  'port',
  'direction',
  'reason',
  'harm',
  'policy',
  'count',
  'first',
  'last',
] as const;
export type DropSort = (typeof DROP_SORTS)[number];

/** What most rows are looked through for comes first when one sorts by it. */
const DESCENDING_FIRST = new Set<DropSort>(['count', 'first', 'last']);

const VALUE: Readonly<Record<DropSort, (group: CountedDropGroupJson) => string | number>> = {
  state: ({ state }) => DROP_STATES.indexOf(state),
  source: ({ latest }) => endName(latest.source),
  destination: ({ latest }) => endName(latest.destination),
  port: ({ latest }) => latest.destination.port,
  direction: ({ latest }) => latest.direction,
  reason: ({ latest }) => reasonWords(latest),
  // What was not looked at yet stands last.
  harm: ({ harm }) => (harm === null ? HARM_KINDS.length : HARM_KINDS.indexOf(harm.kind)),
  policy: ({ latest }) => policyNames(latest),
  count: ({ count }) => count,
  first: (group) => firstSeen(group),
  last: ({ lastAt }) => lastAt,
};

/** First drop that is known: of all that is kept, or of the range while that is still being read. */
export const firstSeen = ({ firstSeenAt, firstAt }: CountedDropGroupJson): string =>
  firstSeenAt !== null && firstSeenAt < firstAt ? firstSeenAt : firstAt;

/** Column and sense of a `sort=` text; what is new first where it names none. */
export function parseDropSort(text: string): {
  readonly by: DropSort;
  readonly descending: boolean;
} {
  const descending = text.startsWith('-');
  const by = DROP_SORTS.find((name) => name === (descending ? text.slice(1) : text));
  return by === undefined ? { by: 'state', descending: false } : { by, descending };
}

/** `sort=` after a click on a column's head: turned round if it was sorted so, else the sense one looks for first. */
export function nextDropSort(current: string, by: DropSort): string {
  const sort = parseDropSort(current);
  if (sort.by === by) return sort.descending ? by : `-${by}`;
  return DESCENDING_FIRST.has(by) ? `-${by}` : by;
}

export function sortDrops(
  groups: readonly CountedDropGroupJson[],
  sort: string,
): readonly CountedDropGroupJson[] {
  const { by, descending } = parseDropSort(sort);
  const value = VALUE[by];
  return groups.toSorted((a, b) => {
    const [left, right] = [value(a), value(b)];
    const order = left < right ? -1 : left > right ? 1 : 0;
    // Ties by count, then by name, so that rows that are equal in this do not change places at each refresh.
    return (descending ? -order : order) || b.count - a.count || (a.key < b.key ? -1 : 1);
  });
}

export const inStates = (
  groups: readonly CountedDropGroupJson[],
  states: readonly DropState[],
): readonly CountedDropGroupJson[] =>
  states.length === 0 ? groups : groups.filter(({ state }) => states.includes(state));

export const ofHarms = (
  groups: readonly CountedDropGroupJson[],
  harms: readonly HarmKind[],
): readonly CountedDropGroupJson[] =>
  harms.length === 0
    ? groups
    : groups.filter(({ harm }) => harm !== null && harms.includes(harm.kind));

/** How many groups do which harm; those that were not looked at yet are in none. */
export function countHarms(
  groups: readonly CountedDropGroupJson[],
): Readonly<Record<HarmKind, number>> {
  const counts = { harmful: 0, recovered: 0, noise: 0, unclear: 0 };
  for (const { harm } of groups) if (harm !== null) counts[harm.kind] += 1;
  return counts;
}

/** How many groups are in each state. */
export function countStates(
  groups: readonly CountedDropGroupJson[],
): Readonly<Record<DropState, number>> {
  const counts = { new: 0, ongoing: 0, stopped: 0, acknowledged: 0 };
  for (const { state } of groups) counts[state] += 1;
  return counts;
}

/** A group in one sentence, for what reads the page aloud. */
export function groupSentence({ latest }: CountedDropGroupJson): string {
  return `${endName(latest.source)} to ${endName(latest.destination)} ${portAndProtocol(latest)}`.trim();
}
