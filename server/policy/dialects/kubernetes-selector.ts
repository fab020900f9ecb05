import type { ManifestPath } from '../../core/manifest.ts';
import type { Predicate } from '../form.ts';
import type { LabelRequirement } from '../labels.ts';
import { notUnderstood } from '../predicates/not-understood.ts';
import type { End } from '../predicates/parties.ts';
import { namespaceLabel, podLabel } from '../predicates/pods.ts';
import { readExpression } from './label-expressions.ts';
import { labelKeyFault, labelValueFault } from './kubernetes-names.ts';
import {
  fieldOf,
  fieldsOf,
  itemsAt,
  recordAt,
  refuse,
  shown,
  textAt,
  unknownFields,
  type Place,
} from './manifest-fields.ts';

/** A selector of labels, each part with its place. Without parts it selects everything. */
export type PlacedSelector = {
  readonly path: ManifestPath;
  readonly parts: readonly {
    readonly path: ManifestPath;
    readonly requirement: LabelRequirement;
  }[];
  /** Fields that we do not know. */
  readonly open: readonly ManifestPath[];
};

export function readSelector(place: Place): PlacedSelector {
  const open = unknownFields(place, ['matchLabels', 'matchExpressions']);
  return {
    path: place.path,
    parts: [
      ...readMatchLabels(fieldOf(place, 'matchLabels')),
      ...itemsAt(fieldOf(place, 'matchExpressions')).flatMap(readRequirement),
    ],
    open,
  };
}

function readMatchLabels(place: Place): PlacedSelector['parts'] {
  return Object.keys(recordAt(place)).flatMap((key) => {
    const entry = fieldOf(place, key);
    const keyFault = labelKeyFault(key);
    if (keyFault !== undefined) refuse(entry, `the key ${shown(key)} ${keyFault}`);
    // The server reads a null in a map of texts as an empty text.
    const value = entry.value === null ? '' : textAt(entry);
    if (value === undefined) return [];
    const valueFault = labelValueFault(value);
    if (valueFault !== undefined) refuse(entry, `the value ${shown(value)} ${valueFault}`);
    return [{ path: entry.path, requirement: { key, operator: 'In', values: [value] } }];
  });
}

function readRequirement(place: Place): PlacedSelector['parts'] {
  const requirement = readExpression(place);
  if (requirement === undefined) return [];
  const { key, values } = requirement;
  const keyFault = labelKeyFault(key);
  if (keyFault !== undefined) refuse(fieldOf(place, 'key'), keyFault);
  for (const [at, value] of values.entries()) {
    const fault = labelValueFault(value);
    if (fault !== undefined) refuse(fieldsOf(place, 'values', at), `${shown(value)} ${fault}`);
  }
  return [{ path: place.path, requirement }];
}

export const podLabels = (end: End, { parts, open }: PlacedSelector): readonly Predicate[] => [
  ...parts.map(({ requirement, path }) => podLabel(end, requirement, path)),
  ...open.map(notUnderstood),
];

export const namespaceLabelsOf = (
  end: End,
  { parts, open }: PlacedSelector,
): readonly Predicate[] => [
  ...parts.map(({ requirement, path }) => namespaceLabel(end, requirement, path)),
  ...open.map(notUnderstood),
];
