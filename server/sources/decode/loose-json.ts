/** Reads of JSON that somebody else wrote: the wrong type counts as absent, never as an error. */

export type LooseObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is LooseObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const camelOf = new Map<string, string>();

function camel(name: string): string {
  let found = camelOf.get(name);
  if (found === undefined) {
    found = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    camelOf.set(name, found);
  }
  return found;
}

/** A property by its proto name, or by the lowerCamelCase name that proto3 JSON allows as well. */
export function pick(object: LooseObject | undefined, name: string): unknown {
  if (object === undefined) return undefined;
  const value = object[name];
  if (value !== undefined) return value;
  return name.includes('_') ? object[camel(name)] : undefined;
}

export function pickObject(object: LooseObject | undefined, name: string): LooseObject | undefined {
  const value = pick(object, name);
  return isObject(value) ? value : undefined;
}

export function pickText(object: LooseObject | undefined, name: string): string {
  const value = pick(object, name);
  return typeof value === 'string' ? value : '';
}

/** A number, or decimal text; `undefined` for all else, and for what a double cannot hold exactly. */
export function pickInteger(object: LooseObject | undefined, name: string): number | undefined {
  return asInteger(pick(object, name));
}

export function asInteger(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined;
  if (typeof value !== 'string' || !/^-?\d{1,16}$/.test(value)) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** A number that a field of 32 bits without sign holds; `undefined` for all else. */
export function pickUint32(object: LooseObject | undefined, name: string): number | undefined {
  const number = pickInteger(object, name);
  return number === undefined || number < 0 || number > 0xffff_ffff ? undefined : number;
}

const UINT64_MAX = 2n ** 64n - 1n;

/** A count of 64 bits. One written as a number beyond 2^53 was rounded by its writer, and is still the best known. */
export function pickUint64(object: LooseObject | undefined, name: string): bigint | undefined {
  const count = asBigint(pick(object, name));
  return count === undefined || count < 0n || count > UINT64_MAX ? undefined : count;
}

function asBigint(value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : undefined;
  return typeof value === 'string' && /^\d{1,20}$/.test(value) ? BigInt(value) : undefined;
}

export function pickTexts(object: LooseObject | undefined, name: string): readonly string[] {
  const value = pick(object, name);
  if (!Array.isArray(value) || value.length === 0) return NO_TEXTS;
  return value.filter((item): item is string => typeof item === 'string');
}

const NO_TEXTS: readonly string[] = [];

export function pickObjects(object: LooseObject | undefined, name: string): readonly LooseObject[] {
  const value = pick(object, name);
  return Array.isArray(value) ? value.filter(isObject) : [];
}
