import type { Expression } from '../../../server/query/ast.ts';
import { printQuery } from '../../../server/query/print.ts';
import { conjuncts, joinParts } from './query-terms.ts';

/** One part of a query that has to match, as a view of the text: what it says, and the text without or against it. */
export type Chip = {
  /** Canonical, without the sign of a negation. */
  readonly term: string;
  readonly negated: boolean;
  /** The query without it. */
  readonly removed: string;
  /** The query with its opposite in its place. */
  readonly turned: string;
};

/** The parts of a query that is joined by AND; a query with OR on its outside is one part. */
export function chipsOf(q: string): readonly Chip[] {
  const parts = conjuncts(q);
  return parts.map((part) => {
    const inner = part.kind === 'not' ? part.of : part;
    const opposite: Expression = part.kind === 'not' ? part.of : { kind: 'not', of: part };
    return {
      term: printQuery(inner),
      negated: part.kind === 'not',
      removed: joinParts(parts.filter((other) => other !== part)),
      turned: joinParts(parts.map((other) => (other === part ? opposite : other))),
    };
  });
}
