import { manifestsIn, pathText, type Manifest } from '../../core/manifest.ts';
import { readYamlDocuments } from '../../lib/yaml-documents.ts';
import { createEngine, type Engine, type Judgement, type Verdict } from '../engine.ts';
import type { Dataplane } from '../facts.ts';
import type { DataplaneRules, PolicyDialect } from '../form.ts';
import { compilePolicies, type PolicySet } from '../policy-set.ts';
import type { CaseFile, PolicyCase, Probe } from './case-file.ts';
import { judgedOfProbe, probeText } from './case-probe.ts';
import { caseFacts, caseSettings } from './case-world.ts';

export type PolicyParts = {
  readonly dialects: readonly PolicyDialect[];
  readonly dataplanes: Readonly<Record<Dataplane, DataplaneRules>>;
};

/** One probe with what came out of it. */
export type ProbeResult = {
  readonly case: PolicyCase;
  readonly probe: Probe;
  /** `undefined`: it could not be asked, for the reason in `notes`. */
  readonly judgement: Judgement | undefined;
  /** What the case has that is not evaluated. */
  readonly notes: readonly string[];
};

export type Mismatch = {
  readonly case: string;
  readonly title: string;
  readonly probe: string;
  /** `shop/cart → shop/redis 6379/TCP`. */
  readonly connection: string;
  readonly expected: Verdict;
  readonly actual: Verdict | 'not asked';
  /** What each end decided, and what would decide it. */
  readonly ends: readonly string[];
  readonly notes: readonly string[];
};

/** `failed` came out with another answer; `undecided` with none where the case has one. */
export type CaseTotals = {
  readonly passed: number;
  readonly failed: number;
  readonly undecided: number;
  readonly mismatches: readonly Mismatch[];
};

export function runCases(file: CaseFile, parts: PolicyParts): CaseTotals {
  let [passed, failed, undecided] = [0, 0, 0];
  const mismatches: Mismatch[] = [];
  for (const result of judgeCases(file, parts)) {
    const actual = result.judgement?.verdict;
    if (actual === result.probe.expect) {
      passed++;
      continue;
    }
    if (actual === 'undetermined') undecided++;
    else failed++;
    mismatches.push(mismatchOf(result));
  }
  return { passed, failed, undecided, mismatches };
}

/** Every probe of every case, in order. */
export function* judgeCases(file: CaseFile, parts: PolicyParts): Generator<ProbeResult> {
  for (const each of file.cases) {
    const { engine, notes } = caseEngine(file, each, parts);
    for (const probe of each.probes) {
      const judged = judgedOfProbe(probe, engine.world.facts);
      yield typeof judged === 'string'
        ? { case: each, probe, judgement: undefined, notes: [...notes, judged] }
        : { case: each, probe, judgement: engine.judge(judged), notes };
    }
  }
}

/** The engine of one case, with what of its policies is not evaluated. */
export function caseEngine(
  file: CaseFile,
  { cluster, policies: text, dataplane, settings }: PolicyCase,
  { dialects, dataplanes }: PolicyParts,
): { readonly engine: Engine; readonly notes: readonly string[] } {
  const { manifests, unread } = readManifests(text);
  const policies = compilePolicies(manifests, dialects);
  const engine = createEngine({
    policies,
    rules: dataplanes[dataplane],
    world: {
      dataplane,
      facts: caseFacts(file.clusters[cluster] ?? {}),
      settings: caseSettings(settings),
    },
  });
  return { engine, notes: [...unread, ...refusalsIn(policies)] };
}

function readManifests(text: string): {
  readonly manifests: readonly Manifest[];
  readonly unread: readonly string[];
} {
  const manifests: Manifest[] = [];
  const unread: string[] = [];
  for (const read of readYamlDocuments(text)) {
    if (!read.ok) {
      unread.push(`line ${read.fault.line} of the policies: ${read.fault.message}`);
      continue;
    }
    for (const found of manifestsIn(read.document.value))
      if (found.ok) manifests.push(found.manifest);
      else unread.push(`${pathText(found.fault.path)} ${found.fault.message}`);
  }
  return { manifests, unread };
}

const refusalsIn = ({ refused }: PolicySet): readonly string[] =>
  refused.flatMap(({ manifest, faults }) =>
    faults.map(
      ({ path, message }) =>
        `${manifest.kind} ${manifest.metadata.name} is refused: ${pathText(path)} ${message}`,
    ),
  );

function mismatchOf({ case: { id, title }, probe, judgement, notes }: ProbeResult): Mismatch {
  return {
    case: id,
    title,
    probe: String(probe.id),
    connection: probeText(probe),
    expected: probe.expect,
    actual: judgement?.verdict ?? 'not asked',
    ends: judgement === undefined ? [] : endTexts(judgement),
    notes,
  };
}

const endTexts = ({ egress, ingress, missing }: Judgement): readonly string[] => [
  endText('egress', egress),
  endText('ingress', ingress),
  ...missing.map(({ text }) => `not known: ${text}`),
];

function endText(way: string, end: Judgement['egress']): string {
  if (end === undefined) return `${way}: not subject to policy`;
  const policies = end.decidedBy.map(({ key }) => key).join(', ');
  const rules = end.rules.map(({ rule }) => pathText(rule.path)).join(', ');
  const open = [...new Set(end.missing.map(({ text }) => text))].join('; ');
  return [
    `${way}: ${end.verdict} (${end.reason})`,
    policies === '' ? '' : ` by ${policies}`,
    rules === '' ? '' : ` ${rules}`,
    open === '' ? '' : `; not known: ${open}`,
  ].join('');
}
