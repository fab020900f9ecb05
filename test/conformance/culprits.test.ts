import { describe, expect, test } from 'vitest';
import { nanos, NANOS_PER_SECOND, type EpochNanos } from '../../server/core/time.ts';
import { createRandom, type Random } from '../../server/demo/random.ts';
import { openWhyWorld } from '../support/why-world.ts';
import { cases, type CulpritCase } from './culprit-cases.ts';

const DROPS = 50;
const MUST = 45;

const seconds = (count: number): bigint => BigInt(count) * NANOS_PER_SECOND;
const later = (at: EpochNanos, by: number): EpochNanos => nanos(at + seconds(by));

/** Explains the drop of one case; answers what is ranked first, and whether the set of its time was used. */
async function explain(scripted: CulpritCase) {
  const { dataplane, steps, before, drop } = scripted;
  await using world = await openWhyWorld({ dataplane, steps });
  const flow = await world.append(before, drop);
  const told = await world.explain(flow);
  const [first] = told.changes;
  return {
    told,
    first: first && `${first.object.kind} ${first.object.namespace}/${first.object.name}`,
  };
}

const SEED = 20_260_503;

/** The kinds of change one after the other, each with names, times and noise of its own. */
function scriptedCases(random: Random): readonly CulpritCase[] {
  return Array.from({ length: DROPS }, (_, at) => {
    const make = cases[at % cases.length];
    if (make === undefined) throw new Error('no cases');
    return make(random, at);
  });
}

describe('what changed', () => {
  test(`of ${DROPS} drops at least ${MUST} have their culprit first, each by the policies of its time`, async () => {
    const missed: string[] = [];
    const scripted = scriptedCases(createRandom(SEED));
    for (const each of scripted) {
      const { told, first } = await explain(each);
      // By the set of its time: today, after everything was put back, the same would be allowed.
      expect(told.against?.of, each.name).toBe('then');
      expect(told.ends[0]?.verdict, each.name).toBe('deny');
      if (first !== each.culprit)
        missed.push(`${each.name}: ${first ?? 'nothing'}, not ${each.culprit}`);
    }
    process.stdout.write(
      `culprits: ${DROPS - missed.length} of ${DROPS} first; kinds: ${cases.length}${missed.map((line) => `\n  ${line}`).join('')}\n`,
    );
    expect(DROPS - missed.length).toBeGreaterThanOrEqual(MUST);
  }, 120_000);

  test('a change that lies nearer in time and has no part in it stands behind the one that has', async () => {
    const [first] = scriptedCases(createRandom(SEED));
    if (first === undefined) throw new Error('no cases');
    const { told } = await explain(first);
    const [culprit, ...noise] = told.changes;
    expect(culprit?.decisive).toBe(true);
    expect(noise.length).toBeGreaterThan(0);
    expect(noise.every(({ at }) => at > (culprit?.at ?? ''))).toBe(true);
    expect(noise.some(({ decisive }) => decisive)).toBe(false);
  });

  test('today’s policies, in which the change is gone, admit the same flow', async () => {
    const [first] = scriptedCases(createRandom(SEED));
    if (first === undefined) throw new Error('no cases');
    const steps = [...first.steps, { at: later(first.drop.observedAt, 600), ...first.undo }];
    await using world = await openWhyWorld({ dataplane: first.dataplane, steps });
    const flow = await world.append(first.before, first.drop);
    const now = await world.explain(flow, later(flow.observedAt, 700));
    const then = await world.explain(flow);
    expect(then.ends[0]?.verdict).toBe('deny');
    expect(now.ends.every(({ verdict }) => verdict === 'allow')).toBe(true);
  });
});
