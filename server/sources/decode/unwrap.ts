import { lineJson } from '../line-text.ts';
import { isObject, type LooseObject } from './loose-json.ts';

/** Log shippers put the record as text into a record of their own; one level of that is undone. */
export function unwrap(record: LooseObject): LooseObject {
  for (const key of ['log', 'message', 'msg']) {
    const text = record[key];
    if (typeof text !== 'string' || !text.trimStart().startsWith('{')) continue;
    const inner = lineJson(text);
    if (inner.ok && isObject(inner.value)) return inner.value;
  }
  return record;
}
