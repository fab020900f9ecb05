import type { Direction, PolicyHit } from '../../core/flow.ts';
import {
  isStaged,
  parsePolicyString,
  policyHit,
  type CalicoPolicyString,
} from './calico-policy.ts';
import type { LooseObject } from './loose-json.ts';

export type CalicoTrace = {
  /** Enforced hits in order, then pending, then transit ones. */
  readonly hits: readonly PolicyHit[];
  /** The hit that gave the verdict: the last enforced one. */
  readonly final: PolicyHit | undefined;
  /** Strings that could not be read. */
  readonly unread: number;
};

const NOTHING: CalicoTrace = { hits: [], final: undefined, unread: 0 };

/**
 * The hits of a flow-log line. Strings come in no order, so they are sorted by their index. `all_policies` mixes
 * enforced and staged ones and is used only where `enforced_policies` is missing (reference/calico.md 3.3); its
 * staged entries are pending ones then, unless `pending_policies` tells those.
 */
export function calicoTrace(policies: LooseObject | undefined, direction: Direction): CalicoTrace {
  if (policies === undefined) return NOTHING;
  const told = readList(policies['enforced_policies']);
  const all = told === undefined ? readList(policies['all_policies']) : undefined;
  const enforced = (told?.hits ?? all?.hits.filter((hit) => !isStaged(hit)) ?? []).map((hit) =>
    policyHit(hit, 'enforced', direction),
  );
  const pending = readList(policies['pending_policies']);
  const staged = pending?.hits ?? all?.hits.filter(isStaged) ?? [];
  const transit = readList(policies['transit_policies']);
  return {
    hits: [
      ...enforced,
      ...staged.map((hit) => policyHit(hit, 'pending', direction)),
      // Policies of a host that forwards: the endpoint's own direction does not apply to them.
      ...(transit?.hits ?? []).map((hit) => policyHit(hit, 'transit', 'unknown')),
    ],
    final: enforced.at(-1),
    unread: (told?.unread ?? all?.unread ?? 0) + (pending?.unread ?? 0) + (transit?.unread ?? 0),
  };
}

type ReadList = { readonly hits: readonly CalicoPolicyString[]; readonly unread: number };

function readList(value: unknown): ReadList | undefined {
  if (!Array.isArray(value)) return undefined;
  const hits: CalicoPolicyString[] = [];
  for (const item of value) {
    const hit = typeof item === 'string' ? parsePolicyString(item) : undefined;
    if (hit !== undefined) hits.push(hit);
  }
  return {
    hits: hits.sort((one, other) => one.policyIndex - other.policyIndex),
    unread: value.length - hits.length,
  };
}
