import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Expression } from '../../server/query/ast.ts';
import { compileQuery } from '../../server/query/compile.ts';
import { matches } from '../../server/query/match.ts';
import { parseQuery } from '../../server/query/parse.ts';
import { printQuery } from '../../server/query/print.ts';
import { anyExpression, anyFlow } from '../support/arbitrary.ts';
import { appendAll, engines, seqsOf } from '../support/flow-stores.ts';

const STORES = 100;
const QUERIES = 100;

const anyQueries = fc.array(anyExpression, { minLength: QUERIES, maxLength: QUERIES });

/** A few commits, so that some flows lie in blocks that were merged and some in blocks that were not. */
const anyCommits = fc.array(fc.array(anyFlow, { minLength: 1, maxLength: 12 }), {
  minLength: 1,
  maxLength: 8,
});

function reread(text: string): Expression | undefined {
  const parsed = parseQuery(text);
  if (!parsed.ok)
    throw new Error(`${text} was printed and cannot be read: ${parsed.error.message}`);
  return parsed.where;
}

describe.each(engines)('$name', ({ open }) => {
  test('10,000 random queries of random flows: block scan, in-memory match and canonical text agree', async () => {
    let cases = 0;
    let telling = 0;
    await fc.assert(
      fc.asyncProperty(anyCommits, anyQueries, async (commits, queries) => {
        await using opened = await open({ small: true });
        const flows = await appendAll(opened.store, commits);
        for (const where of queries) {
          const text = printQuery(where);
          const again = reread(text);
          const found = seqsOf(flows.filter(matches(compileQuery(where))));

          expect(printQuery(again), text).toBe(text);
          expect(seqsOf(flows.filter(matches(compileQuery(again)))), text).toEqual(found);
          const request = { limit: flows.length, order: 'oldest' } as const;
          const page = await opened.store.page({ where: again }, request);
          expect(seqsOf(page.flows), text).toEqual(found);

          cases += 1;
          if (found.length > 0 && found.length < flows.length) telling += 1;
        }
      }),
      // Every step of shrinking would fill a store; the message names the one query that failed.
      { numRuns: STORES, endOnFailure: true },
    );
    expect(cases).toBeGreaterThanOrEqual(10_000);
    // Most of the rest finds all flows or none, which an evaluator that looks at nothing could answer too.
    expect(telling).toBeGreaterThan(cases / 3);
  }, 180_000);
});
