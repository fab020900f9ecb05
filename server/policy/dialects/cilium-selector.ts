import { isRecord, type ManifestPath } from '../../core/manifest.ts';
import type { MissingFact, Predicate, Question } from '../form.ts';
import { requirementText, valueHolds, type LabelRequirement } from '../labels.ts';
import { partyText, type End } from '../predicates/parties.ts';
import { labelText } from '../predicates/pods.ts';
import { predicateOf } from '../predicates/predicate.ts';
import {
  identityLabel,
  NAMESPACE_KEY,
  NAMESPACE_LABELS,
  type IdentityKey,
} from './cilium-identity.ts';
import { readExpression } from './label-expressions.ts';
import { labelKeyFault, labelValueFault } from './kubernetes-names.ts';
import {
  fieldOf,
  itemsAt,
  recordAt,
  refuse,
  shown,
  textAt,
  unknownFields,
  type Place,
} from './manifest-fields.ts';

/** One condition on an identity, and where it stands. */
export type IdentityRequirement = IdentityKey & {
  readonly path: ManifestPath;
  readonly operator: LabelRequirement['operator'];
  readonly values: readonly string[];
};

/** All must hold. */
export type IdentitySelector = {
  readonly path: ManifestPath;
  readonly requirements: readonly IdentityRequirement[];
  /** Fields that we do not know. */
  readonly open: readonly ManifestPath[];
};

export function readIdentitySelector(place: Place): IdentitySelector {
  if (!isRecord(place.value)) refuse(place, 'must be a selector of labels');
  const open = unknownFields(place, ['matchLabels', 'matchExpressions']);
  const labels = fieldOf(place, 'matchLabels');
  return {
    path: place.path,
    open,
    requirements: [
      ...Object.keys(recordAt(labels)).flatMap((key) => readLabel(labels, key)),
      ...itemsAt(fieldOf(place, 'matchExpressions')).flatMap(readRequirement),
    ],
  };
}

function readLabel(labels: Place, written: string): readonly IdentityRequirement[] {
  const entry = fieldOf(labels, written);
  const key = readKey(entry, written);
  const value = entry.value === null ? '' : textAt(entry);
  if (value === undefined || key === undefined) return [];
  refuseValue(entry);
  return [{ ...key, path: entry.path, operator: 'In', values: [value] }];
}

function refuseValue(entry: Place): void {
  const fault = typeof entry.value === 'string' ? labelValueFault(entry.value) : undefined;
  if (fault !== undefined) refuse(entry, `the value ${shown(entry.value)} ${fault}`);
}

function readRequirement(place: Place): readonly IdentityRequirement[] {
  const expression = readExpression(place);
  if (expression === undefined) return [];
  for (const entry of itemsAt(fieldOf(place, 'values'))) refuseValue(entry);
  const key = readKey(fieldOf(place, 'key'), expression.key);
  return key === undefined ? [] : [{ ...expression, ...key, path: place.path }];
}

/** `source:key`; a key without source is meant under every one. */
function readKey(place: Place, written: string): IdentityKey | undefined {
  const found = splitKey(written);
  // Keys of ranges and names follow rules of their own.
  const isFree = found.source === 'cidr' || found.source === 'fqdn';
  const fault = isFree ? undefined : labelKeyFault(found.key);
  if (fault === undefined) return found;
  refuse(place, `the key ${shown(written)} ${fault}`);
  return undefined;
}

const RESERVED_PREFIX = 'reserved.';

function splitKey(written: string): IdentityKey {
  const colon = written.indexOf(':');
  if (colon > 0) return { source: written.slice(0, colon), key: written.slice(colon + 1) };
  if (written.startsWith(RESERVED_PREFIX))
    return { source: 'reserved', key: written.slice(RESERVED_PREFIX.length) };
  return { source: 'any', key: colon === 0 ? written.slice(1) : written };
}

/** Whether a selector asks for what only ends of a namespace have, under `k8s` or any source. */
export const asksNamespace = ({ requirements }: IdentitySelector): boolean =>
  requirements.some(({ source, key }) => isPodSource(source) && key === NAMESPACE_KEY);

export const asksNamespaceLabels = ({ requirements }: IdentitySelector): boolean =>
  requirements.some(({ source, key }) => isPodSource(source) && key.startsWith(NAMESPACE_LABELS));

export const asksReserved = ({ requirements }: IdentitySelector): boolean =>
  requirements.some(({ source }) => source === 'reserved');

export const asksInit = ({ requirements }: IdentitySelector): boolean =>
  requirements.some(({ source, key }) => source === 'reserved' && key === 'init');

const isPodSource = (source: string): boolean => source === 'k8s' || source === 'any';

/** Tests one condition against the identity of an end. */
export function identityIs(end: End, requirement: IdentityRequirement): Predicate {
  const { source, key, path } = requirement;
  const isNamespace = isPodSource(source) && key === NAMESPACE_KEY;
  const prefix = source === 'any' || isNamespace ? '' : `${source}:`;
  const shownKey = isNamespace ? 'namespace' : `${prefix}${key}`;
  return predicateOf({
    path,
    about: isNamespace || key.startsWith(NAMESPACE_LABELS) ? 'namespace' : 'labels',
    expected: requirementText({ ...requirement, key: shownKey }),
    test: (question) => valueHolds(identityLabel(question, end, requirement), requirement),
    actual(question) {
      const value = identityLabel(question, end, requirement);
      return isNamespace && typeof value === 'string'
        ? `namespace=${value}`
        : `${labelText(shownKey, value)} at ${partyText(question[end])}`;
    },
    missing: (question) => missingLabel(question, end, requirement),
  });
}

function missingLabel(question: Question, end: End, { key }: IdentityKey): MissingFact {
  const party = question[end];
  if (party.kind === 'pod' && key.startsWith(NAMESPACE_LABELS))
    return {
      kind: 'namespace-labels',
      text: `the label ${key.slice(NAMESPACE_LABELS.length)} of namespace ${party.namespace}`,
    };
  return party.kind === 'pod'
    ? { kind: 'labels', text: `the label ${key} of ${partyText(party)}` }
    : { kind: 'peer', text: `the identity of ${partyText(party)}` };
}
