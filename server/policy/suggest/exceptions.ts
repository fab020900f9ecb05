import { isRecord, valueAtPath, type Manifest } from '../../core/manifest.ts';
import type { Question } from '../form.ts';
import type { RuleRef } from '../outcome.ts';
import type { EndTrace, OptionTrace, RuleTrace } from '../trace.ts';
import type { Edit } from './edit.ts';
import { changed, type Part } from './part.ts';
import { stableLabels } from './stable-labels.ts';
import { calicoException } from './calico-writer.ts';
import { NAMESPACE_KEY } from './cilium-writer.ts';
import { addressBlock } from './rule-writer.ts';

/**
 * Changes that take a connection out of the rules that deny it, where that takes out nothing that cannot be told: with
 * Calico a rule before the one that denies, with Cilium a smaller list of peers.
 */
export function* exceptions(trace: EndTrace, set: readonly Manifest[]): Generator<Part> {
  const known = new Set(set);
  for (const decided of trace.verdict.rules) {
    const { policy, rule } = decided;
    if (rule.effect !== 'deny' || !known.has(policy.manifest)) continue;
    if (policy.family === 'calico') {
      const value = calicoException(trace.question, policy);
      if (value !== undefined) yield changed(policy, { kind: 'insert', path: rule.path, value });
    } else if (policy.family === 'cilium') {
      const edits = smallerPeers(tracedOf(decided, trace), trace.question);
      if (edits.length > 0) yield changed(policy, ...edits);
    }
  }
}

const tracedOf = ({ policy, rule }: RuleRef, { tried }: EndTrace): RuleTrace | undefined =>
  tried.find((each) => each.policy === policy && each.path === rule.path);

/** How many entries of rules deny: each exception takes away one of them. */
export const denyingEntries = (trace: EndTrace): number =>
  trace.verdict.rules
    .filter(({ rule }) => rule.effect === 'deny')
    .reduce((sum, each) => sum + Math.max(1, matching(tracedOf(each, trace)).length), 0);

const matching = (rule: RuleTrace | undefined): readonly OptionTrace[] =>
  (rule?.clauses.find(({ kind }) => kind === 'peer')?.options ?? []).filter(
    ({ truth }) => truth === 'yes',
  );

function smallerPeers(rule: RuleTrace | undefined, question: Question): readonly Edit[] {
  const [entry] = matching(rule);
  if (rule === undefined || entry === undefined) return [];
  const { manifest } = rule.policy;
  const [field, at] = entry.path.slice(-2);
  const value = valueAtPath(manifest, entry.path);
  switch (typeof field === 'string' ? field.replace(/^(?:from|to)/, '') : '') {
    case 'Endpoints':
      return isRecord(value) ? withoutPods(entry, value, rule, question) : [];
    case 'CIDRSet':
      return isRecord(value) && typeof value['cidr'] === 'string'
        ? blockEdits(value['cidr'], question, (except) => ({
            ...{ kind: 'append', path: [...entry.path, 'except'], value: except },
          }))
        : [];
    case 'CIDR':
      return typeof value === 'string'
        ? blockEdits(value, question, (except) =>
            withBlockSet(rule, String(field), Number(at), except),
          )
        : [];
    default:
      return [];
  }
}

/** One address less. What names nothing but that address is for people to take out. */
function blockEdits(
  cidr: string,
  { peer, peerIp }: Question,
  edit: (except: string) => Edit,
): readonly Edit[] {
  const except = peer.kind === 'address' ? addressBlock(peer, peerIp) : undefined;
  return except === undefined || except === cidr || !cidr.includes('/') ? [] : [edit(except)];
}

/** Only the longer form of a block can leave something out, and a rule has one form. */
function withBlockSet(rule: RuleTrace, field: string, at: number, except: string): Edit {
  const written = valueAtPath(rule.policy.manifest, rule.path);
  const { [field]: list, ...rest } = isRecord(written) ? written : {};
  const entries = (Array.isArray(list) ? list : []).map((cidr: unknown, index) =>
    index === at ? { cidr, except: [except] } : { cidr },
  );
  return { kind: 'set', path: rule.path, value: { [`${field}Set`]: entries, ...rest } };
}

type Requirement = { readonly key: string; readonly operator: string; readonly values?: unknown };

/**
 * All that an entry means but the pods that have all of some labels, in as many entries as there are labels: what lacks
 * one of them has to be found by one of the entries still.
 */
function withoutPods(
  { path }: OptionTrace,
  entry: Readonly<Record<string, unknown>>,
  { policy }: RuleTrace,
  { peer, world }: Question,
): readonly Edit[] {
  const labels = peer.kind === 'pod' ? stableLabels(peer, world.facts) : undefined;
  if (labels === undefined || peer.kind !== 'pod') return [];
  const outsideOf = Object.entries(labels).map(([key, value]): readonly Requirement[] => [
    { key, operator: 'NotIn', values: [value] },
  ]);
  if (meansOtherNamespaces(entry, policy.namespace))
    outsideOf.push([
      // Nothing but what is in a namespace: without it, ends that have none would be denied too.
      { key: NAMESPACE_KEY, operator: 'Exists' },
      { key: NAMESPACE_KEY, operator: 'NotIn', values: [peer.namespace] },
    ]);
  const [first, ...others] = outsideOf.map((added) => withRequirements(entry, added));
  const at = [...path.slice(0, -1), Number(path.at(-1)) + 1];
  return first === undefined
    ? []
    : [
        { kind: 'set', path, value: first },
        ...others.map((value): Edit => ({ kind: 'insert', path: at, value })),
      ];
}

const withRequirements = (
  entry: Readonly<Record<string, unknown>>,
  added: readonly Requirement[],
): unknown => {
  const own: readonly unknown[] = Array.isArray(entry['matchExpressions'])
    ? entry['matchExpressions']
    : [];
  return { ...entry, matchExpressions: [...own, ...added] };
};

/** Without a word about namespaces an entry of a namespaced policy means its own alone. */
const meansOtherNamespaces = (entry: unknown, namespace: string): boolean =>
  namespace === '' ||
  /io\.kubernetes\.pod\.namespace|namespace\.labels|reserved/.test(JSON.stringify(entry));
