import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openBlock } from '../../../../server/columns/block.ts';
import { encodeFlows, writeBlock } from '../../../../server/columns/encoded-block.ts';
import type { Flow } from '../../../../server/core/flow.ts';
import { compileQuery } from '../../../../server/query/compile.ts';
import { matches } from '../../../../server/query/match.ts';
import { parseQuery } from '../../../../server/query/parse.ts';
import { filterOf, filterTest } from '../../../../server/store/sqlite/filter.ts';
import { anyExpression, anyFlow } from '../../../support/arbitrary.ts';
import { aFlow } from '../../../support/flow.ts';

const filterOfFlows = (flows: readonly Flow[]) =>
  filterOf(openBlock(writeBlock(encodeFlows(flows))));

const queryOf = (text: string) => {
  const parsed = parseQuery(text);
  if (!parsed.ok) throw new Error(`${text} is no query`);
  return parsed.where;
};

test('a filter never rules out a block that holds a match', () => {
  let ruledOut = 0;
  fc.assert(
    fc.property(
      fc.array(anyFlow, { minLength: 1, maxLength: 6 }),
      anyExpression,
      (flows, where) => {
        if (filterTest(where)?.(filterOfFlows(flows)) !== false) return;
        ruledOut += 1;
        expect(flows.filter((flow) => matches(compileQuery(where))(flow))).toEqual([]);
      },
    ),
    { numRuns: 3_000 },
  );
  expect(ruledOut).toBeGreaterThan(20);
});

test.each([
  'ns:other',
  'from.wl:nobody',
  'to.pod:"web-9" port:80',
  'ip:192.0.2.1',
  'policy:shop/none-such',
  'ns:other OR wl:nobody',
])('%s is ruled out where no flow says it', (text) => {
  expect(filterTest(queryOf(text))?.(filterOfFlows([aFlow()]))).toBe(false);
});

test.each(['ns:shop', 'from.wl:web', 'ip:10.0.0.2', 'ns:other OR wl:db', 'ns:other,shop'])(
  '%s is not',
  (text) => {
    expect(filterTest(queryOf(text))?.(filterOfFlows([aFlow()]))).toBe(true);
  },
);

test.each(['-ns:other', 'ns:o*', 'ns:none', 'ip:10.0.0.0/8', 'other', 'ns:other OR port:1'])(
  'nothing is known of %s',
  (text) => {
    expect(filterTest(queryOf(text))).toBeUndefined();
  },
);

test('a filter of thousands of addresses stays small and lets few strangers pass', () => {
  const flows = Array.from({ length: 4_000 }, (_, index) =>
    aFlow({ sourceIp: `203.0.${index >> 8}.${index & 255}` }),
  );
  const filter = filterOfFlows(flows);
  expect(filter.length).toBeLessThan(6_000);
  const passing = Array.from({ length: 1_000 }, (_, index) =>
    filterTest(queryOf(`ip:198.51.${index >> 8}.${index & 255}`))?.(filter),
  ).filter((pass) => pass === true);
  expect(passing.length).toBeLessThan(60);
});
