import { quoteWord } from './command-words.ts';
import { endField } from './say-end.ts';
import { FILTER_FLAGS } from './flags.ts';
import {
  textOf,
  filterJson,
  filterText,
  type FilterLists,
  type FilterValue,
  type FlowFilter,
} from './flow-filter.ts';
import { EVENT_TYPES } from './names.ts';
import { readFlags } from './read-flags.ts';

/** Of each of these groups the command takes one flag only. */
const CONFLICTS: readonly string[] = [
  'from-fqdn from-ip ip fqdn from-namespace namespace from-all-namespaces all-namespaces',
  'from-fqdn from-ip ip fqdn from-pod pod',
  'to-fqdn to-ip ip fqdn to-namespace namespace to-all-namespaces all-namespaces',
  'to-fqdn to-ip ip fqdn to-pod pod',
  'to-pod namespace all-namespaces',
  'from-pod namespace all-namespaces',
  'to-service namespace all-namespaces',
  'from-service namespace all-namespaces',
  'label from-label',
  'label to-label',
  'service from-service',
  'service to-service',
  'port from-port',
  'port to-port',
  'identity from-identity',
  'identity to-identity',
  'workload from-workload',
  'workload to-workload',
  'cluster from-cluster',
  'cluster to-cluster',
  'cluster node-name',
];

/** Words after `hubble observe` that ask for these filters: flags where they can, else JSON. */
export function writeFlags({ whitelist, blacklist }: FilterLists): readonly string[] {
  return [
    ...(writeList(whitelist, 'whitelist') ?? writeJson(whitelist, '--allowlist')),
    ...(writeList(blacklist, 'blacklist') ?? writeJson(blacklist, '--denylist')),
  ];
}

/** The line that a shell reads as these words. */
export const commandLine = (words: readonly string[]): string =>
  ['hubble', 'observe', ...words].map(quoteWord).join(' ');

const writeJson = (filters: readonly FlowFilter[], flag: string): readonly string[] =>
  filters.flatMap((filter) => [flag, JSON.stringify(filterJson(filter))]);

type Use = { readonly name: string; readonly text: string };

/** Answers only with flags that are read back as the same filters and that the command takes together. */
function writeList(
  filters: readonly FlowFilter[],
  list: 'whitelist' | 'blacklist',
): readonly string[] | undefined {
  const [left, right] = filters;
  if (left === undefined) return [];
  if (filters.length > 2) return undefined;
  const uses: Use[] = [];
  for (const [field, values] of left) {
    const isShared =
      right === undefined || JSON.stringify(right.get(field)) === JSON.stringify(values);
    const written = writeField(field, values, isShared);
    if (written === undefined) return undefined;
    uses.push(...written);
  }
  if (areInConflict(new Set(uses.map(({ name }) => name)))) return undefined;
  const not = list === 'blacklist' ? ['--not'] : [];
  const words = uses.flatMap(({ name, text }) => [...not, `--${name}`, text]);
  const read = readFlags(words.map((text, at) => ({ text, from: at, to: at + 1 })));
  const back = read[list].flatMap((group) => group.filters.map(filterText));
  return back.join('\n') === filters.map(filterText).join('\n') ? words : undefined;
}

const areInConflict = (names: ReadonlySet<string>): boolean =>
  CONFLICTS.some((group) => group.split(' ').filter((name) => names.has(name)).length > 1);

/** A field that both filters share is of one end or of the flow; another is the first half of either end. */
function writeField(
  field: string,
  values: readonly FilterValue[],
  isShared: boolean,
): readonly Use[] | undefined {
  const end = endField(field);
  const flag = FILTER_FLAGS.find(({ effect, value }) => {
    if (value === undefined) return false;
    if (end === undefined) return effect.kind === 'flow' && effect.field === field;
    const wanted = !isShared ? 'either' : end.side === 'from' ? 'source' : 'destination';
    return effect.kind === 'end' && effect.end === wanted && effect.field === end.what;
  });
  if (flag === undefined) return undefined;
  // No flag takes a direction that is not known; JSON does.
  if (values.includes('TRAFFIC_DIRECTION_UNKNOWN')) return undefined;
  const texts = values.map((value) => valueText(field, value));
  const isNamespace = end?.what === 'pod' && texts.every((text) => /^[^/]+\/$/.test(text));
  return texts.map((text) =>
    isNamespace
      ? { name: flag.name.replace('pod', 'namespace'), text: text.slice(0, -1) }
      : { name: flag.name, text },
  );
}

function valueText(field: string, value: FilterValue): string {
  if (field !== 'event_type' || typeof value !== 'object') return textOf(value);
  return EVENT_TYPES.find(({ type }) => type === value['type'])?.name ?? '';
}
