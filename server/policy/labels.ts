import type { ClusterFacts, Labels } from './facts.ts';
import { not, truthOf, type Truth } from './truth.ts';

export const NAMESPACE_NAME = 'kubernetes.io/metadata.name';

export const NO_LABELS: Labels = { known: new Map(), complete: true };

export const labelsOf = (entries: Readonly<Record<string, string>>, complete = true): Labels => ({
  known: new Map(Object.entries(entries)),
  complete,
});

/** `null`: the object has no such label. `undefined`: that is not known. */
export const labelValue = (labels: Labels, key: string): string | null | undefined =>
  labels.known.get(key) ?? (labels.complete ? null : undefined);

/** Labels of a namespace with the one that the API server sets; all others unknown for one that nobody described. */
export function namespaceLabels(facts: ClusterFacts, namespace: string): Labels {
  const own = facts.namespaces.get(namespace);
  if (own?.known.get(NAMESPACE_NAME) === namespace) return own;
  const known = new Map(own?.known).set(NAMESPACE_NAME, namespace);
  return { known, complete: own?.complete ?? false };
}

export type LabelRequirement = {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values: readonly string[];
};

export const requirementHolds = (labels: Labels, requirement: LabelRequirement): Truth =>
  valueHolds(labelValue(labels, requirement.key), requirement);

/** As `requirementHolds`, of a value as `labelValue` answers it. */
export function valueHolds(
  value: string | null | undefined,
  { operator, values }: Omit<LabelRequirement, 'key'>,
): Truth {
  if (value === undefined) return 'unknown';
  switch (operator) {
    case 'Exists':
      return truthOf(value !== null);
    case 'DoesNotExist':
      return truthOf(value === null);
    case 'In':
      return truthOf(value !== null && values.includes(value));
    case 'NotIn':
      // Objects without the label match too.
      return not(truthOf(value !== null && values.includes(value)));
  }
}

/** `app=cart`, `tier in (a, b)`, `!legacy`, as kubectl writes selectors. */
export function requirementText({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
    case 'In':
      return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${values.join(', ')})`;
    case 'NotIn':
      return values.length === 1 ? `${key}!=${values[0]}` : `${key} notin (${values.join(', ')})`;
  }
}
