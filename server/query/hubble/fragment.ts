import type { Expression } from '../ast.ts';
import { textOf, type FilterValue } from './flow-filter.ts';

/** A part of a query that no command can hold, and why. */
export class Unsayable extends Error {
  override readonly name = 'Unsayable';
  readonly term: Expression;

  constructor(term: Expression, why: string) {
    super(why);
    this.term = term;
  }
}

type Asked = { readonly values: readonly FilterValue[]; readonly term: Expression };

/**
 * What one FlowFilter shall ask, by field. Three fields are cut finer than Hubble's: `source_ns` and `source_name`
 * become `source_pod`, and likewise for the destination.
 */
export type Fragment = ReadonlyMap<string, Asked>;

/** Fields of which a flow has one value that is compared as a whole, so that two lists have a common part. */
const EXACT =
  /^(?:verdict|drop_reason_desc|traffic_direction|protocol|http_method|event_type|(?:source|destination)_(?:ns|port|identity))$/;

/** Alternatives of a query that grow beyond this are no command that anybody would read. */
const MOST = 24;

/** Every alternative of the one with every one of the other; what cannot be true of any flow falls out. */
export function product(
  left: readonly Fragment[],
  right: readonly Fragment[],
  term: Expression,
): readonly Fragment[] {
  if (left.length * right.length > MOST) {
    throw new Unsayable(term, `written out it has more than ${MOST} alternatives`);
  }
  return left.flatMap((one) => right.flatMap((other) => both(one, other) ?? []));
}

function both(one: Fragment, other: Fragment): Fragment | undefined {
  const merged = new Map(one);
  for (const [name, asked] of other) {
    const known = merged.get(name);
    const values = known === undefined ? asked.values : common(name, known, asked);
    if (values.length === 0) return undefined;
    merged.set(name, { values, term: asked.term });
  }
  return merged;
}

function common(name: string, one: Asked, other: Asked): readonly FilterValue[] {
  if (name.endsWith('_label')) {
    return one.values.flatMap((left) =>
      other.values.map((right) => `${textOf(left)},${textOf(right)}`),
    );
  }
  const texts = new Set(one.values.map((value) => JSON.stringify(value)));
  const shared = other.values.filter((value) => texts.has(JSON.stringify(value)));
  const isSame = shared.length === one.values.length && shared.length === other.values.length;
  if (isSame || EXACT.test(name)) return shared;
  throw new Unsayable(other.term, 'Hubble cannot ask the same field twice of one flow');
}
