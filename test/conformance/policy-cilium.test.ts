import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readCaseFile, type ExpectedDirection } from '../../server/policy/cases/case-file.ts';
import { judgeCases } from '../../server/policy/cases/run-cases.ts';
import type { EndVerdict } from '../../server/policy/evaluate.ts';
import { DATAPLANES, DIALECTS } from '../../server/policy/registry.ts';

const path = join(import.meta.dirname, '../fixtures/conformance/cilium.json');
const read = readCaseFile(readFileSync(path, 'utf8'));
if (!read.ok) throw new Error(read.why);
const parts = { dialects: Object.values(DIALECTS), dataplanes: DATAPLANES };
const results = [...judgeCases(read.file, parts)].map((result) => ({
  ...result,
  name: `${result.case.id}#${result.probe.id}`,
}));

test('there are cases', () => {
  expect(results).toHaveLength(131);
});

describe.each(results)('$name', ({ probe, judgement, notes }) => {
  test('has the verdict', () => {
    expect({ verdict: judgement?.verdict, notes }).toEqual({ verdict: probe.expect, notes: [] });
  });

  test.each(['egress', 'ingress'] as const)('decides %s for the reason', (way) => {
    const expected = probe.directions?.[way];
    expect(decided(judgement?.[way])).toEqual(expected ? wanted(expected) : undefined);
  });
});

const keys = (policies: EndVerdict['selectedBy']): readonly string[] =>
  [...new Set(policies.map(({ key }) => key))].toSorted();

/** Who leaves a verdict open is a matter of taste; who makes it is not. */
function decided(end: EndVerdict | undefined) {
  if (end === undefined) return undefined;
  const { verdict, reason } = end;
  const selectedBy = keys(end.selectedBy);
  return verdict === 'undetermined'
    ? { verdict, reason, selectedBy }
    : { verdict, reason, selectedBy, decidedBy: keys(end.decidedBy) };
}

function wanted({ verdict, reason, selectedBy, decidedBy }: ExpectedDirection & {}) {
  const selected = { verdict, reason, selectedBy: selectedBy.toSorted() };
  return verdict === 'undetermined' ? selected : { ...selected, decidedBy: decidedBy.toSorted() };
}
