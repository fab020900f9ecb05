import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pathText } from '../../server/core/manifest.ts';
import {
  readCaseFile,
  type CaseFile,
  type ExpectedDirection,
} from '../../server/policy/cases/case-file.ts';
import { judgeCases } from '../../server/policy/cases/run-cases.ts';
import type { EndVerdict } from '../../server/policy/evaluate.ts';
import { DATAPLANES, DIALECTS } from '../../server/policy/registry.ts';

/** Files with the number of their probes, so that none is left out silently. */
const FILES = {
  'k8s-e2e': 150,
  'k8s-cyclonus': 542,
  'k8s-np-guard': 192,
  'k8s-recipes-pitfalls': 39,
  'npapi-v1alpha1': 55,
  'npapi-v1alpha2': 156,
  'azure-npm': 16,
  'flow-records': 15,
} as const;

const parts = { dialects: Object.values(DIALECTS), dataplanes: DATAPLANES };

function openFile(name: string): CaseFile {
  const path = join(import.meta.dirname, '../fixtures/conformance', `${name}.json`);
  const read = readCaseFile(readFileSync(path, 'utf8'));
  if (!read.ok) throw new Error(read.why);
  return read.file;
}

const inOrder = (texts: readonly string[]): readonly string[] => [...texts].sort();

function answered(end: EndVerdict | undefined) {
  if (end === undefined) return undefined;
  const { verdict, reason, decidedBy, rules, selectedBy } = end;
  return {
    verdict,
    selectedBy: inOrder(selectedBy.map(({ key }) => key)),
    // Whom an open verdict is laid to is a matter of taste, as is what it is called.
    ...(verdict === 'undetermined'
      ? {}
      : {
          reason,
          decidedBy: inOrder(decidedBy.map(({ key }) => key)),
          rules: inOrder(rules.map(({ policy, rule }) => `${policy.key} ${pathText(rule.path)}`)),
        }),
  };
}

function wanted(direction: ExpectedDirection) {
  if (!direction) return undefined;
  const { verdict, reason, selectedBy, decidedBy, rules } = direction;
  return {
    verdict,
    selectedBy: inOrder(selectedBy),
    ...(verdict === 'undetermined'
      ? {}
      : { reason, decidedBy: inOrder(decidedBy), rules: inOrder(rules) }),
  };
}

describe.each(Object.entries(FILES))('%s', (name, probes) => {
  const results = [...judgeCases(openFile(name), parts)];

  test('has all its probes', () => {
    expect(results).toHaveLength(probes);
  });

  for (const { case: each, probe, judgement, notes } of results)
    test(`${each.id}#${probe.id}`, () => {
      expect(notes).toEqual([]);
      expect(judgement?.verdict).toBe(probe.expect);
      expect(answered(judgement?.egress)).toEqual(wanted(probe.directions?.egress));
      expect(answered(judgement?.ingress)).toEqual(wanted(probe.directions?.ingress));
    });
});
