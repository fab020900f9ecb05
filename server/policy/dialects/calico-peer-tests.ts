import { labelText } from '../predicates/pods.ts';
import { notUnderstood } from '../predicates/not-understood.ts';
import { allOf, not, truthOf } from '../truth.ts';
import {
  selectorAt,
  selectorWithoutGlobalAt,
  type PlacedSelector,
} from './calico-selector-fields.ts';
import {
  accountSelectsItem,
  namespaceSelectsItem,
  selectsItem,
  type Item,
} from './calico-items.ts';
import type { ItemTest } from './calico-peers.ts';
import { labelsIn, selectorText } from './calico-selector.ts';
import { fieldOf, isThere, refuse, textsAt, unknownFields, type Place } from './manifest-fields.ts';

export type PeerTests = {
  readonly tests: readonly ItemTest[];
  /** Service accounts belong to pods. */
  readonly podsOnly: boolean;
};

const MOST_ACCOUNTS = 1000;

/**
 * What an entity asks of its peer by labels. In a namespaced policy all of it is limited to the policy's own namespace
 * as soon as any selector is there, a negated one too, unless it says which namespaces it means.
 */
export function itemTests(place: Place, namespace: string): PeerTests {
  const selector = selectorWithoutGlobalAt(fieldOf(place, 'selector'));
  const accounts = accountTests(fieldOf(place, 'serviceAccounts'));
  const namespaces = namespaceSelectorAt(fieldOf(place, 'namespaceSelector'));
  const isNegated = isWritten(fieldOf(place, 'notSelector'));
  const own = [...accounts, ...(selector === undefined ? [] : [selectorTest(selector, false)])];
  const isLimited = namespace !== '' && (own.length > 0 || isNegated);
  const scope =
    namespaces !== undefined
      ? [namespaceTest(namespaces)]
      : isLimited
        ? [ownNamespaceTest(namespace)]
        : [];
  return { tests: [...scope, ...own], podsOnly: accounts.length > 0 };
}

const isWritten = ({ value }: Place): boolean => typeof value === 'string' && value !== '';

/** `global()` stands alone or not at all. */
function namespaceSelectorAt(place: Place): PlacedSelector | undefined {
  const placed = selectorAt(place);
  const text = placed === undefined ? '' : selectorText(placed.selector);
  if (text.includes('global()') && text !== 'global()')
    refuse(place, 'must not combine global() with anything else');
  return placed;
}

export function selectorTest({ place, selector }: PlacedSelector, isNegated: boolean): ItemTest {
  const text = selectorText(selector);
  return {
    path: place.path,
    about: 'labels',
    expected: isNegated ? `not (${text})` : text,
    holds: (item) => (isNegated ? not(selectsItem(selector, item)) : selectsItem(selector, item)),
    actual: (item) => labelsText(labelsIn(selector), item.label),
    missing: { kind: 'labels', text: `the labels ${labelsIn(selector).join(', ')}` },
  };
}

export function namespaceTest({ place, selector }: PlacedSelector): ItemTest {
  return {
    path: place.path,
    about: 'namespace',
    expected: `namespace with ${selectorText(selector)}`,
    holds: (item) => namespaceSelectsItem(selector, item),
    actual: (item) =>
      item.namespace === ''
        ? 'no namespace'
        : `namespace ${item.namespace}, ${labelsText(labelsIn(selector), (key) => item.label(`pcns.${key}`))}`,
    missing: { kind: 'namespace-labels', text: 'labels of the namespace' },
  };
}

const ownNamespaceTest = (namespace: string): ItemTest => ({
  path: ['metadata', 'namespace'],
  about: 'namespace',
  expected: `namespace ${namespace}`,
  holds: (item) => truthOf(item.namespace === namespace),
  actual: (item) => (item.namespace === '' ? 'no namespace' : `namespace ${item.namespace}`),
  missing: { kind: 'peer', text: 'the namespace' },
});

function accountTests(place: Place): readonly ItemTest[] {
  if (!isThere(place)) return [];
  const names = fieldOf(place, 'names');
  const allowed = textsAt(names, MOST_ACCOUNTS);
  const selector = selectorWithoutGlobalAt(fieldOf(place, 'selector'));
  return [
    ...(allowed.length === 0 ? [] : [accountNameTest(names, allowed)]),
    ...(selector === undefined ? [] : [accountTest(selector)]),
    ...unknownFields(place, ['names', 'selector']).map(unknownTest),
  ];
}

const accountNameTest = ({ path }: Place, names: readonly string[]): ItemTest => ({
  path,
  about: 'entity',
  expected: `service account ${names.join(', ')}`,
  holds(item) {
    const name = item.label('projectcalico.org/serviceaccount');
    return name === undefined ? 'unknown' : truthOf(name !== null && names.includes(name));
  },
  actual: (item) =>
    `service account ${item.label('projectcalico.org/serviceaccount') ?? 'not known'}`,
  missing: { kind: 'labels', text: 'the service account' },
});

/** Pods alone have service accounts, so what has none is not selected even by a negation. */
export function accountTest({ place, selector }: PlacedSelector): ItemTest {
  return {
    path: place.path,
    about: 'entity',
    expected: `service account with ${selectorText(selector)}`,
    holds: (item) =>
      allOf([truthOf(item.namespace !== ''), accountSelectsItem(selector, item)], (each) => each),
    actual: (item) => `service account with ${labelsText(labelsIn(selector), item.accountLabel)}`,
    missing: { kind: 'labels', text: 'labels of the service account' },
  };
}

function unknownTest(path: Place['path']): ItemTest {
  const predicate = notUnderstood(path);
  return {
    path,
    about: 'entity',
    expected: path.join('.'),
    holds: () => 'unknown',
    actual: () => 'not understood',
    missing: { kind: 'unknown-field', text: `what ${predicate.path.join('.')} means` },
  };
}

const labelsText = (keys: readonly string[], label: Item['label']): string =>
  keys.length === 0 ? 'anything' : keys.map((key) => labelText(key, label(key))).join(', ');
