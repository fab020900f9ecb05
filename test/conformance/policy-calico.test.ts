import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pathText } from '../../server/core/manifest.ts';
import { readCaseFile, type CaseFile } from '../../server/policy/cases/case-file.ts';
import { caseEngine, judgeCases } from '../../server/policy/cases/run-cases.ts';
import { judgedOfProbe } from '../../server/policy/cases/case-probe.ts';
import { calicoPendingRules, calicoRules } from '../../server/policy/dataplanes/calico.ts';
import { calicoTrace } from '../../server/policy/dataplanes/calico-trace.ts';
import type { EndVerdict } from '../../server/policy/evaluate.ts';
import { DATAPLANES, DIALECTS } from '../../server/policy/registry.ts';

const text = readFileSync(join(import.meta.dirname, '../fixtures/conformance/calico.json'), 'utf8');
const parts = { dialects: Object.values(DIALECTS), dataplanes: DATAPLANES };

function readFile(): CaseFile {
  const read = readCaseFile(text);
  if (!read.ok) throw new Error(read.why);
  return read.file;
}

/** The tier of an end is in the file and in no other family's cases. */
type WrittenDirection = {
  readonly verdict: string;
  readonly reason: string;
  readonly selectedBy: readonly string[];
  readonly decidedBy: readonly string[];
  readonly rules: readonly string[];
  readonly tier?: string;
};
type WrittenCase = {
  readonly id: string;
  readonly probes: readonly {
    readonly id: number;
    readonly directions: Readonly<Record<'egress' | 'ingress', WrittenDirection | null>>;
  }[];
};

const written = (JSON.parse(text) as { readonly cases: readonly WrittenCase[] }).cases;
const directionsOf = (caseId: string, probeId: unknown) =>
  written.find(({ id }) => id === caseId)?.probes.find(({ id }) => id === probeId)?.directions;

const inOrder = (texts: readonly string[]): readonly string[] => [...texts].sort();

const answered = (end: EndVerdict | undefined): WrittenDirection | null =>
  end === undefined
    ? null
    : {
        verdict: end.verdict,
        reason: end.reason,
        selectedBy: inOrder(end.selectedBy.map(({ key }) => key)),
        decidedBy: inOrder(end.decidedBy.map(({ key }) => key)),
        rules: inOrder(end.rules.map(({ policy, rule }) => `${policy.key} ${pathText(rule.path)}`)),
        ...(end.stage === '' ? {} : { tier: end.stage }),
      };

const asked = (direction: WrittenDirection | null | undefined): WrittenDirection | null =>
  direction == null
    ? null
    : {
        ...direction,
        selectedBy: inOrder(direction.selectedBy),
        decidedBy: inOrder(direction.decidedBy),
        rules: inOrder(direction.rules),
      };

describe('Calico decides each connection as its own suites do', () => {
  const results = [...judgeCases(readFile(), parts)];
  for (const { case: each, probe, judgement, notes } of results)
    test(`${each.id}#${probe.id}`, () => {
      expect(notes).toEqual([]);
      expect(judgement?.verdict).toBe(probe.expect);
      const directions = directionsOf(each.id, probe.id);
      expect(answered(judgement?.egress)).toEqual(asked(directions?.egress));
      expect(answered(judgement?.ingress)).toEqual(asked(directions?.ingress));
    });
});

describe('flow logs list what the policies do', () => {
  const file = readFile();
  for (const each of file.cases)
    for (const probe of each.probes) {
      if (probe.trace === undefined) continue;
      test(`${each.id}#${probe.id}`, () => {
        for (const way of ['egress', 'ingress'] as const) {
          const wanted = probe.trace?.[way] as
            | {
                readonly pendingDecision?: object;
                readonly enforced?: object;
                readonly pending?: object;
              }
            | undefined;
          if (wanted === undefined) continue;
          const lists = (['enforced', 'pending'] as const).map((kind) => {
            const dataplanes = {
              ...DATAPLANES,
              calico: kind === 'enforced' ? calicoRules : calicoPendingRules,
            };
            const { engine } = caseEngine(file, each, { ...parts, dataplanes });
            const judged = judgedOfProbe(probe, engine.world.facts);
            if (typeof judged === 'string') throw new Error(judged);
            return calicoTrace(engine.stages, engine.question(judged.connection, way), kind);
          });
          if (wanted.enforced !== undefined) expect(lists[0]).toEqual(wanted.enforced);
          if (wanted.pending !== undefined) expect(lists[1]).toEqual(wanted.pending);
          if (wanted.pendingDecision !== undefined)
            expect(lists[1]?.at(-1)).toMatchObject(wanted.pendingDecision);
        }
      });
    }
});
