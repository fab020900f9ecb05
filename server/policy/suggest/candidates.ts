import type { Manifest } from '../../core/manifest.ts';
import type { CompiledPolicy, Family, Question } from '../form.ts';
import type { EndTrace, RuleTrace } from '../trace.ts';
import { calicoException } from './calico-writer.ts';
import type { Edit } from './edit.ts';
import { fixes } from './fixes.ts';
import { changed, type Part } from './part.ts';
import type { RuleWriter } from './rule-writer.ts';
import { WRITERS } from './writers.ts';

/** Changes that may let a connection through. Cheapest first: what a person would have to read and own least of. */
export function* candidates(trace: EndTrace, set: readonly Manifest[]): Generator<Part> {
  const { question } = trace;
  const known = new Set(set);
  for (const rule of trace.tried) {
    const writer = WRITERS[rule.policy.family];
    const { manifest } = rule.policy;
    if (rule.effect !== 'allow' || writer === undefined || !known.has(manifest)) continue;
    for (const edit of [...fixes(rule, question), ...addedClause(rule, question, writer)])
      yield changed(rule.policy, edit);
  }
  for (const policy of carriers(trace)) {
    const writer = WRITERS[policy.family];
    const value = writer?.rule(question, policy.ref.namespace);
    if (writer === undefined || value === undefined || !known.has(policy.manifest)) continue;
    const kind = 'append' as const;
    for (const each of writer.variants(value, trace, policy))
      yield changed(policy, { kind, path: writer.rulesPath(question), value: each });
  }
  const tier = trace.verdict.reason === 'tier-default-deny' ? trace.verdict.stage : undefined;
  for (const family of familiesOf(trace))
    for (const made of WRITERS[family]?.policies(question, nameFor(trace, set), tier) ?? [])
      yield { before: undefined, after: made, edits: [], namespace: made.metadata.namespace ?? '' };
  for (const policy of trace.verdict.decidedBy) {
    const value = policy.family === 'calico' ? calicoException(question, policy) : undefined;
    if (value !== undefined && known.has(policy.manifest))
      yield changed(policy, { kind: 'append', path: ['spec', question.way], value });
  }
}

/** One clause fails and all others hold: one more alternative in it is enough. */
function addedClause(rule: RuleTrace, question: Question, writer: RuleWriter): readonly Edit[] {
  const failing = rule.clauses.filter(({ truth }) => truth !== 'yes');
  const [only] = failing;
  if (failing.length !== 1 || only === undefined || only.truth !== 'no') return [];
  const kind = 'append' as const;
  if (only.kind === 'peer' && writer.peersField !== undefined) {
    const value = writer.peer(question, rule.policy.ref.namespace);
    return value === undefined
      ? []
      : [{ kind, path: [...rule.path, writer.peersField(question)], value }];
  }
  if (only.kind === 'port' && writer.portsField !== undefined) {
    const value = writer.port(question);
    return value === undefined ? [] : [{ kind, path: [...rule.path, writer.portsField], value }];
  }
  return [];
}

/**
 * Policies that select the end by its own labels: one that selects everything would admit it everywhere. At the end of
 * a tier also those of all namespaces, since only a policy of that tier helps.
 */
function carriers({ selected, verdict, tried }: EndTrace): readonly CompiledPolicy[] {
  const there = tried.filter(({ stage }) => stage === verdict.stage).map(({ policy }) => policy);
  const isEndOfTier = verdict.reason === 'tier-default-deny';
  const ending = isEndOfTier ? new Set([...verdict.decidedBy, ...there]) : undefined;
  return selected
    .filter(({ truth, policy }) => truth === 'yes' && !policy.staged)
    .filter(({ policy }) => ending?.has(policy) ?? policy.ref.namespace !== '')
    .filter(({ predicates }) => predicates.some(({ about }) => about === 'labels'))
    .map(({ policy }) => policy);
}

/** The dialect in use first: that of the policies that deny. */
function familiesOf({ verdict, question }: EndTrace): readonly Family[] {
  const used = verdict.decidedBy.map(({ family }) => family).filter((family) => family in WRITERS);
  const dataplane = question.world.dataplane;
  const own: readonly Family[] =
    dataplane === 'cilium' || dataplane === 'calico' ? [dataplane] : [];
  return [...new Set([...used, 'k8s' as const, ...own])];
}

function nameFor({ question }: EndTrace, set: readonly Manifest[]): string {
  const { subject, way } = question;
  const label =
    subject.kind === 'pod' ? ([...subject.labels.known.values()][0] ?? subject.name) : way;
  const stem = `${label}-allow-${way}`
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 50);
  const taken = new Set(set.map(({ metadata }) => metadata.name));
  let name = stem;
  for (let count = 2; taken.has(name); count++) name = `${stem}-${count}`;
  return name;
}
