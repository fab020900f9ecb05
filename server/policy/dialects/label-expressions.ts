import { isRecord } from '../../core/manifest.ts';
import type { LabelRequirement } from '../labels.ts';
import {
  choiceAt,
  fieldOf,
  isThere,
  itemsAt,
  refuse,
  textAt,
  unknownFields,
  type Place,
} from './manifest-fields.ts';

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const;

/** An entry of `matchExpressions`. Which keys and values there may be, the dialects check. */
export function readExpression(place: Place): LabelRequirement | undefined {
  if (!isRecord(place.value)) refuse(place, 'must be an object with "key" and "operator"');
  const keyAt = fieldOf(place, 'key');
  const operatorAt = fieldOf(place, 'operator');
  const key = textAt(keyAt);
  const operator = choiceAt(operatorAt, OPERATORS);
  const list = fieldOf(place, 'values');
  const values = itemsAt(list).flatMap((each) => textAt(each) ?? []);
  unknownFields(place, ['key', 'operator', 'values']);
  if (!isThere(keyAt)) refuse(keyAt, 'must be given');
  if (!isThere(operatorAt)) refuse(operatorAt, `must be given: ${OPERATORS.join(', ')}`);
  if (key === undefined || operator === undefined) return undefined;
  const takesValues = operator === 'In' || operator === 'NotIn';
  if (takesValues && values.length === 0) refuse(list, `must be given for ${operator}`);
  if (!takesValues && values.length > 0) refuse(list, `must not be given for ${operator}`);
  return { key, operator, values };
}
