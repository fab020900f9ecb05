import type { ColumnSpec } from './column-specs.ts';
import { ownText } from './dictionary.ts';

/** Values by their JSON texts, shared by the blocks of a process. Equal texts of a column give one object. */
export type ParsedValues = {
  get(spec: ColumnSpec, json: string, parse: (json: string) => unknown): unknown;
};

/** What the value of a text takes, roughly: the texts in it, and objects about them. */
export const parsedBytes = (json: string): number =>
  json.startsWith('[') ? 200 + json.length * 2 : 24 + json.length;

/** An entry of a map, beside the text and its value. */
const ENTRY_BYTES = 64;
/** What is longer is rare, hardly repeats, and would take the place of many. */
const LONGEST_TEXT = 4_096;

type Generation = Map<ColumnSpec, Map<string, unknown>>;

/**
 * The same endpoints stand in every block. Two generations: a value that is asked for lives on in the young one; when
 * that has half of the limit, the old one is forgotten. So what never repeats pushes out nothing that does.
 */
export function createParsedValues(limitBytes: number): ParsedValues {
  let young: Generation = new Map();
  let old: Generation = new Map();
  let youngBytes = 0;

  const keep = (spec: ColumnSpec, json: string, value: unknown): void => {
    const bytes = ENTRY_BYTES + json.length + parsedBytes(json);
    if (youngBytes + bytes > limitBytes / 2) {
      old = young;
      young = new Map();
      youngBytes = 0;
    }
    youngBytes += bytes;
    let values = young.get(spec);
    if (values === undefined) young.set(spec, (values = new Map<string, unknown>()));
    values.set(ownText(json), value);
  };

  return {
    get(spec, json, parse) {
      if (json.length > LONGEST_TEXT) return parse(json);
      const known = young.get(spec)?.get(json);
      if (known !== undefined) return known;
      const value = old.get(spec)?.get(json) ?? parse(json);
      keep(spec, json, value);
      return value;
    },
  };
}
