import { refuse, textAt, type Place } from './manifest-fields.ts';
import { parseSelector } from './calico-selector-parse.ts';
import type { Selector } from './calico-selector.ts';

/** A selector with where it stands. */
export type PlacedSelector = { readonly place: Place; readonly selector: Selector };

/** `undefined` where none is written; a blank one is written, and selects everything. */
export function selectorAt(place: Place): PlacedSelector | undefined {
  const text = textAt(place);
  if (text === undefined || text === '') return undefined;
  const read = parseSelector(text);
  if (read.ok) return { place, selector: read.selector };
  refuse(place, read.message);
  return undefined;
}

/** `global()` has a meaning in the namespace selectors of rules only. */
export function selectorWithoutGlobalAt(place: Place): PlacedSelector | undefined {
  if (typeof place.value === 'string' && place.value.includes('global()')) {
    refuse(place, 'must not use global(), which only a namespaceSelector in a rule may');
    return undefined;
  }
  return selectorAt(place);
}
