import { AppError } from '../../core/errors.ts';
import type { FlowColumn } from '../../core/field.ts';
import { findField } from '../../core/fields.ts';
import { policyName } from '../../core/policy-name.ts';
import type { PolicyHit } from '../../core/flow.ts';

/** How flows are counted by a field. */
export type Grouping = {
  readonly column: FlowColumn;
  /** Pods of one workload have equal keys. */
  readonly ofWorkload: boolean;
  /** Keys under which a value counts, each once; empty text where there is no value. Pure. */
  readonly keys: (value: never) => readonly string[];
};

/** Fields with several values that mean different things; a flow counts once under each. */
const MULTIPLE = new Set(['fqdn', 'rule', 'is']);

const NO_VALUE: readonly string[] = [''];

const MAX_FIELDS = 2;

/** Reads the names of the fields to count by. */
export function groupingsOf(by: readonly string[]): readonly Grouping[] {
  if (by.length > MAX_FIELDS) {
    throw new AppError(
      'bad-query',
      `flows are counted by ${MAX_FIELDS} fields at most, not by ${by.length}`,
    );
  }
  return by.map(groupingOf);
}

/**
 * Reads the name of a field, as `field`, `from.field` or `to.field`; a field that both ends have means the
 * destination unless told. Where the field table lists several ways to write one value (a reason's number and
 * category, a name without its namespace), only the first counts. `policy` counts namespaced names.
 */
function groupingOf(by: string): Grouping {
  const [, side, name] = /^(?:(from|to)\.)?(.+)$/s.exec(by) ?? [];
  const field = findField(name ?? '');
  if (field === undefined || (side !== undefined && typeof field.columns === 'string')) {
    throw new AppError('bad-query', `'${by}' is no field to count by`);
  }
  const { columns } = field;
  const column = typeof columns === 'string' ? columns : columns[side === 'from' ? 'from' : 'to'];
  const ofWorkload = field.ofWorkload ?? false;
  if (field.name === 'policy') return { column, ofWorkload, keys: policyKeys };
  const { project } = field;
  const every = MULTIPLE.has(field.name);
  return {
    column,
    ofWorkload,
    keys(value) {
      const found = project(value);
      if (found.length === 0) return NO_VALUE;
      return every ? [...new Set(found.map(String))] : [String(found[0])];
    },
  };
}

function policyKeys(hits: readonly PolicyHit[]): readonly string[] {
  const names = hits
    .filter((hit) => hit.matched !== 'end-of-tier')
    .map(({ policy }) => policyName(policy));
  return names.length === 0 ? NO_VALUE : [...new Set(names)];
}
