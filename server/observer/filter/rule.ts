import { isObject, type LooseObject } from '../../sources/decode/loose-json.ts';

/** A flow as filters see it. */
export type FilteredFlow = { readonly flow: LooseObject; readonly node: string };
export type FlowTest = (told: FilteredFlow) => boolean;

/** The entries of one field of a FlowFilter; one of them must fit. */
export type Entries = readonly unknown[];
/** Reads the entries, or throws an AppError `bad-request` that names the field. */
export type FieldRule = (entries: Entries, field: string) => FlowTest;

export const textsOf = (entries: Entries): readonly string[] =>
  entries.filter((entry) => typeof entry === 'string');
export const objectsOf = (entries: Entries): readonly LooseObject[] => entries.filter(isObject);
