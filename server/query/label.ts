import type { Endpoint } from '../core/flow.ts';
import type { Value } from './ast.ts';
import { EXACT, listTest } from './value-test.ts';

/**
 * Key and value of a recorded label. Cilium writes where it comes from before the key (`k8s:app=web`,
 * `reserved:world`), Calico does not; keys hold no colon. A label without `=` has an empty value.
 */
function splitLabel(label: string): { readonly key: string; readonly value: string } {
  const equals = label.indexOf('=');
  const key = equals < 0 ? label : label.slice(0, equals);
  return {
    key: key.slice(key.indexOf(':') + 1),
    value: equals < 0 ? '' : label.slice(equals + 1),
  };
}

/** Whether an end has the label with one of the values. */
export function labelTest(key: string, values: readonly Value[]): (end: Endpoint) => boolean {
  const test = listTest(values, EXACT);
  return ({ labels }) =>
    test(
      labels
        .map(splitLabel)
        .filter((label) => label.key === key)
        .map(({ value }) => value),
    );
}
