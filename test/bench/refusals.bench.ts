/**
 * How long input of bad intent takes to be answered or refused: regular expressions that explode elsewhere (fault 23),
 * huge queries (fault 25), aliases that multiply and deep nesting in manifests (faults 31 and 32).
 * `node test/bench/refusals.bench.ts`
 */
import { readYamlDocuments } from '../../server/lib/yaml-documents.ts';
import { compileQuery } from '../../server/query/compile.ts';
import { matches } from '../../server/query/match.ts';
import { parseQuery } from '../../server/query/parse.ts';
import { aFlow } from '../support/flow.ts';
import { controlMs, print, spread } from '../support/measure.ts';

const ROUNDS = 20;
const letters = 'a'.repeat(10_000);
const flow = aFlow({ source: { ...aFlow().source, pod: letters } });

const asked =
  (q: string): (() => unknown) =>
  () => {
    const parsed = parseQuery(q);
    return parsed.ok ? matches(compileQuery(parsed.where))(flow) : parsed;
  };

/** Nine levels of nine aliases each: unfolded, 400 million values. */
const bomb = ['a: &a [x]']
  .concat(
    'bcdefghij'
      .split('')
      .map((name, at) => `${name}: &${name} [${`*${'abcdefghi'[at]}, `.repeat(9)}]`),
  )
  .join('\n');

const manyKeys = [...Array.from({ length: 5_000 }, (_, at) => `k${at}: 1`), 'k0: 2'].join('\n');

const CASES: readonly (readonly [name: string, goalMs: number, run: () => unknown])[] = [
  ['/(a+)+$/ on 10,000 letters (fault 23)', 50, asked('from.pod:/(a+)+$/')],
  ['/^(a|aa)+$/ on 10,000 letters (fault 23)', 50, asked('from.pod:/^(a|aa)+$/')],
  ['/(.*a){12}$/ on 10,000 letters (fault 23)', 50, asked('from.pod:/(.*a){12}$/')],
  ['10,000 terms (fault 25)', 100, asked('ns:x '.repeat(10_000))],
  ['1,000 brackets (fault 25)', 100, asked(`${'('.repeat(1_000)}ns:x${')'.repeat(1_000)}`)],
  ['aliases that multiply (fault 31)', 100, () => readYamlDocuments(bomb)],
  ['a tag that runs code (fault 32)', 100, () => readYamlDocuments('a: !!js/function "x"')],
  [
    '100,000 brackets in YAML (fault 32)',
    100,
    () => readYamlDocuments(`a: ${'['.repeat(100_000)}`),
  ],
  ['5,000 keys, the last one twice (fault 32)', 100, () => readYamlDocuments(manyKeys)],
];

for (const [name, goalMs, run] of CASES) {
  const times = Array.from({ length: ROUNDS }, () => {
    const begun = performance.now();
    run();
    return performance.now() - begun;
  });
  print({ name: `refusals: ${name}, ms`, goalMs, ...spread(times) });
}
print({ name: 'refusals: control, ms', ...spread([controlMs(), controlMs(), controlMs()]) });
