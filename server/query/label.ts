import type { Endpoint } from '../core/flow.ts';
import type { Value } from './ast.ts';
import { EXACT, listTest, listWords } from './value-test.ts';

/**
 * The values of an end's labels with this key. Cilium writes where a label comes from before the key (`k8s:app=web`,
 * `reserved:world`), Calico does not; keys hold no colon. A label without `=` has an empty value.
 */
export function labelValues({ labels }: Endpoint, key: string): readonly string[] {
  const values: string[] = [];
  for (const label of labels) {
    const equals = label.indexOf('=');
    const end = equals < 0 ? label.length : equals;
    if (!label.startsWith(key, end - key.length)) continue;
    const colon = label.indexOf(':');
    const start = colon < 0 || colon > end ? 0 : colon + 1;
    if (end - start === key.length) values.push(equals < 0 ? '' : label.slice(equals + 1));
  }
  return values;
}

/** Whether an end has the label with one of the values. */
export function labelTest(key: string, values: readonly Value[]): (end: Endpoint) => boolean {
  const test = listTest(values, EXACT);
  return (end) => test(labelValues(end, key));
}

/** What a label's value must be one of; `undefined` where it is asked for in another way too. */
export const labelWords = (values: readonly Value[]): readonly string[] | undefined =>
  listWords(values, EXACT);
