import type { JsonObject } from '../../sources/json-value.ts';
import { refuse } from '../refuse.ts';
import { filterTest } from './fields.ts';
import type { FlowTest } from './rule.ts';

export type FlowFilters = {
  readonly whitelist: readonly JsonObject[];
  readonly blacklist: readonly JsonObject[];
};

/** Entries of all filters of a call. Each costs time for each flow that is read. */
const MAX_ENTRIES = 2_000;

/** What a call selects; `undefined` where it is everything. Throws an AppError `bad-request` that names the field. */
export function compileFilters({ whitelist, blacklist }: FlowFilters): FlowTest | undefined {
  limitEntries([...whitelist, ...blacklist]);
  if (whitelist.length + blacklist.length === 0) return undefined;
  const wanted = whitelist.map(filterTest);
  const unwanted = blacklist.map(filterTest);
  return (told) =>
    (wanted.length === 0 || wanted.some((test) => test(told))) &&
    !unwanted.some((test) => test(told));
}

function limitEntries(filters: readonly JsonObject[]): void {
  let entries = filters.length;
  for (const filter of filters) {
    for (const value of Object.values(filter)) entries += Array.isArray(value) ? value.length : 1;
  }
  if (entries > MAX_ENTRIES) {
    refuse(
      `the filters have ${entries} entries; at most ${MAX_ENTRIES} are taken: use CIDR blocks or namespaces`,
    );
  }
}
