import { readBlock, type Block } from '../predicates/addresses.ts';
import { isThere, refuse, shown, textAt, type Place } from './manifest-fields.ts';

/** A block of addresses, which has to be there; refuses what `read` takes for none. */
export function blockAt(
  place: Place,
  read: (text: string) => Block | undefined = readBlock,
): Block | undefined {
  if (!isThere(place)) refuse(place, 'must be given');
  const text = textAt(place);
  const block = text === undefined ? undefined : read(text);
  if (text !== undefined && block === undefined)
    refuse(place, `must be a block of addresses such as 10.0.0.0/8, and is ${shown(text)}`);
  return block;
}
