import {
  isRecord,
  type Manifest,
  type ManifestFault,
  type ManifestPath,
} from '../../core/manifest.ts';

/** What reading a manifest finds. A fault refuses it; what is not understood leaves its rule open. */
type Findings = {
  readonly faults: ManifestFault[];
  readonly notUnderstood: ManifestFault[];
};

/** A value in a manifest and where it stands. `null` is read as absent, as the API server does. */
export type Place = {
  readonly value: unknown;
  readonly path: ManifestPath;
  readonly findings: Findings;
};

export type ReadManifest<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: readonly ManifestFault[] };

/** Reads a whole manifest; what was read of one with faults is of no use. */
export function readManifest<T>(manifest: Manifest, read: (root: Place) => T): ReadManifest<T> {
  const findings: Findings = { faults: [], notUnderstood: [] };
  const value = read({ value: manifest, path: [], findings });
  const { faults } = findings;
  return faults.length > 0 ? { ok: false, faults } : { ok: true, value };
}

/** A manifest may be wrong in every line; the first of them say enough. */
const TOLD = 50;

export const isThere = ({ value }: Place): boolean => value !== undefined && value !== null;

export function refuse({ path, findings }: Place, message: string): void {
  if (findings.faults.length < TOLD) findings.faults.push({ path, message });
}

/** Only own properties: a field called `constructor` is not there unless somebody wrote it. */
export function fieldOf(place: Place, name: string | number): Place {
  const { value, path, findings } = place;
  const holder = isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  return { value: holder, path: [...path, name], findings };
}

export const fieldsOf = (place: Place, ...names: ManifestPath): Place =>
  names.reduce(fieldOf, place);

/** The fields of an object; none where it is absent. Refuses what is no object. */
export function recordAt(place: Place): Readonly<Record<string, unknown>> {
  if (isThere(place) && !isRecord(place.value)) refuse(place, 'must be an object');
  return isRecord(place.value) ? place.value : {};
}

export function itemsAt(place: Place): readonly Place[] {
  const { value, path, findings } = place;
  if (isThere(place) && !Array.isArray(value)) refuse(place, 'must be a list');
  if (!Array.isArray(value)) return [];
  return value.map((item: unknown, index) => ({ value: item, path: [...path, index], findings }));
}

/** A list of which a cluster takes so many entries. Longer ones are not read: they may be there to cost time. */
export function cappedItems(place: Place, most: number): readonly Place[] {
  if (!Array.isArray(place.value) || place.value.length <= most) return itemsAt(place);
  refuse(place, `has ${place.value.length} entries, and ${most} are the most`);
  return [];
}

export function textAt(place: Place): string | undefined {
  if (!isThere(place)) return undefined;
  if (typeof place.value === 'string') return place.value;
  refuse(place, `must be text, and is ${shown(place.value)}`);
  return undefined;
}

export function textsAt(place: Place, most: number): readonly string[] {
  return cappedItems(place, most).flatMap((item) => textAt(item) ?? []);
}

export function integerAt(place: Place): number | undefined {
  if (!isThere(place)) return undefined;
  if (Number.isSafeInteger(place.value)) return place.value as number;
  refuse(place, `must be a whole number, and is ${shown(place.value)}`);
  return undefined;
}

/** Absent is false. */
export function flagAt(place: Place): boolean {
  if (typeof place.value === 'boolean') return place.value;
  if (isThere(place)) refuse(place, `must be true or false, and is ${shown(place.value)}`);
  return false;
}

/** Fractions too. */
export function numberAt(place: Place): number | undefined {
  if (!isThere(place)) return undefined;
  if (typeof place.value === 'number' && Number.isFinite(place.value)) return place.value;
  refuse(place, `must be a number, and is ${shown(place.value)}`);
  return undefined;
}

/** One of the words that the API knows, in their spelling. */
export function choiceAt<T extends string>(place: Place, choices: readonly T[]): T | undefined {
  const text = textAt(place);
  const found = choices.find((choice) => choice === text);
  if (text !== undefined && found === undefined)
    refuse(place, `must be one of ${choices.join(', ')}, and is ${shown(text)}`);
  return found;
}

/** Notes fields that we do not know; answers with their places, since what holds them is open. */
export function unknownFields(place: Place, known: readonly string[]): readonly ManifestPath[] {
  const names = Object.keys(recordAt(place)).filter((name) => !known.includes(name));
  return names.map((name) => {
    const path = [...place.path, name];
    if (place.findings.notUnderstood.length < TOLD)
      place.findings.notUnderstood.push({ path, message: 'is a field that is not known here' });
    return path;
  });
}

/** Values of a manifest in a message, however long they are. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
