import type { Direction, PolicyHit, PolicyRef } from '../../core/flow.ts';
import { pick, pickText, pickTexts, isObject, type LooseObject } from './loose-json.ts';

const LISTS = [
  ['egress_denied_by', 'egress', 'deny'],
  ['ingress_denied_by', 'ingress', 'deny'],
  ['egress_allowed_by', 'egress', 'allow'],
  ['ingress_allowed_by', 'ingress', 'allow'],
] as const;

const NO_HITS: readonly PolicyHit[] = [];

/**
 * Policies that Cilium credits (reference/hubble.md 5.7). It names policies, never rules, and none at all for a
 * default deny. The verdict is never taken from these lists: `allowed_by` occurs on dropped flows.
 */
export function hubbleHits(flow: LooseObject): readonly PolicyHit[] {
  let hits: PolicyHit[] | undefined;
  for (const [name, direction, action] of LISTS) {
    const list = pick(flow, name);
    if (!Array.isArray(list)) continue;
    for (const item of list) {
      const policy = isObject(item) ? policyRef(item) : undefined;
      if (policy === undefined) continue;
      hits ??= [];
      hits.push(hitOf(policy, direction, action));
    }
  }
  return hits ?? NO_HITS;
}

/** Whether any of the four lists is there, be it with entries that name nothing. */
export function namesPolicies(flow: LooseObject): boolean {
  return LISTS.some(([name]) => {
    const list = pick(flow, name);
    return Array.isArray(list) && list.length > 0;
  });
}

function hitOf(policy: PolicyRef, direction: Direction, action: 'allow' | 'deny'): PolicyHit {
  return { policy, direction, action, stage: 'enforced', matched: 'policy', rule: -1 };
}

/** Agents before 1.17 tell the kind in a label only. An entry without any name stands for no policy object. */
function policyRef(item: LooseObject): PolicyRef | undefined {
  const labels = pickTexts(item, 'labels');
  const name = pickText(item, 'name') || labelValue(labels, 'name');
  if (name === '') return undefined;
  return {
    kind: pickText(item, 'kind') || labelValue(labels, 'derived-from'),
    namespace: pickText(item, 'namespace') || labelValue(labels, 'namespace'),
    name,
    tier: '',
  };
}

function labelValue(labels: readonly string[], key: string): string {
  const marker = `io.cilium.k8s.policy.${key}=`;
  for (const label of labels) {
    const at = label.indexOf(marker);
    if (at === 0 || (at > 0 && label[at - 1] === ':')) return label.slice(at + marker.length);
  }
  return '';
}
