import type { FlowFields } from '../core/flow.ts';
import type { Condition } from './compile.ts';

/** Predicate of a compiled query for flows in memory; stored ones are judged by the same condition. */
export function matches(condition: Condition): (flow: FlowFields) => boolean {
  return (flow) => holds(condition, flow);
}

function holds(condition: Condition, flow: FlowFields): boolean {
  switch (condition.kind) {
    case 'all':
      return true;
    case 'test':
      return condition.test(flow[condition.column]);
    case 'and':
      return condition.of.every((part) => holds(part, flow));
    case 'or':
      return condition.of.some((part) => holds(part, flow));
    case 'not':
      return !holds(condition.of, flow);
  }
}
