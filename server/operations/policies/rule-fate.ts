import { NO_HITS, type HitTotals } from '../../core/hit-series.ts';
import type { Direction } from '../../core/flow.ts';
import { pathText } from '../../core/manifest.ts';
import { formatTime, type EpochNanos } from '../../core/time.ts';
import type { Dataplane } from '../../policy/facts.ts';
import type { Effect, Way } from '../../policy/form.ts';
import { convertedRules } from '../../policy/dataplanes/calico-rule-paths.ts';
import type { PolicyHitRow } from '../../store/flow-store.ts';
import {
  foundRules,
  hitsByRule,
  isNone,
  minus,
  type EvaluatedRules,
  type RuleHits,
} from '../attribution/evaluated-rules.ts';
import { plus } from './hit-sums.ts';
import { momentText } from './moment-text.ts';
import type { PolicyObject } from './policy-objects.ts';
import type { RuleFateJson, RuleFateKind } from './policy-shapes.ts';
import { shadowedRules } from './shadowed-rules.ts';

/** One rule as it is written; a dialect may make several of it. */
type WrittenRule = { readonly path: string; readonly way: Way; readonly effect: Effect };

export type Attributed = {
  readonly rules: readonly RuleFateJson[];
  /** Hits that no rule can be given. */
  readonly unattributed: readonly Unattributed[];
};

type Unattributed = {
  readonly row: PolicyHitRow;
  readonly why: string;
  /** It may be of any rule of its direction; otherwise it is of none of them. */
  readonly ofAny: boolean;
};

export type FateOptions = {
  readonly policy: PolicyObject;
  /** Hits of the policy since its version began, inside the range. */
  readonly rows: readonly PolicyHitRow[];
  readonly dataplane: Dataplane | undefined;
  /** Pods that it selects; `undefined`: nobody knows. */
  readonly selects: number | undefined;
  /** Why the range is longer than the version in force; `undefined` where it is not. */
  readonly shorter: { readonly kind: 'too-young' | 'edited'; readonly at: EpochNanos } | undefined;
  readonly evaluated: EvaluatedRules;
};

/** Says of each rule of a policy whether it was hit, and if not, what that means. */
export function ruleFates(options: FateOptions): Attributed {
  const { policy, rows, evaluated } = options;
  const written = writtenRules(policy);
  const hits = new Map<string, RuleHits>();
  const unnamed: Unattributed[] = [];
  for (const row of rows) {
    const found = ruleOf(row, policy, written);
    if ('why' in found) {
      unnamed.push({ row, ...found });
      continue;
    }
    const before = hits.get(found.path);
    const last = before === undefined || row.lastHit > before.last ? row.lastHit : before.last;
    hits.set(found.path, { totals: plus(before?.totals ?? NO_HITS, row.totals), last });
  }
  const unattributed = unnamed.flatMap((each) => withoutFound(each, evaluated));
  const fateOf = createFateOf(options, waysOf(unattributed));
  const found = hitsByRule(evaluated, waysOf(unnamed));
  const rules = written.map((rule) => {
    const [reported, weighed] = [hits.get(rule.path), found.get(rule.path)];
    return {
      ...rule,
      ...(hitFate(reported, weighed) ?? { ...fateOf(rule), basis: null }),
      ...toldHits(reported),
      evaluated: toldHits(weighed),
    };
  });
  return { rules, unattributed };
}

const waysOf = (unattributed: readonly Unattributed[]): ReadonlySet<Direction> =>
  new Set(unattributed.flatMap(({ row, ofAny }) => (ofAny ? [row.direction] : [])));

const NOT_YET = 'The dataplane names the policy and not the rule, and these are not weighed yet.';

/** Without those whose rule was found by weighing. */
function withoutFound(each: Unattributed, evaluated: EvaluatedRules): readonly Unattributed[] {
  const { row } = each;
  if (row.rule >= 0) return [each];
  const found = foundRules(evaluated, row.direction);
  const totals = minus(row.totals, found.totals);
  if (isNone(totals)) return [];
  const left = { ...each, row: { ...row, totals } };
  // What only waits to be weighed opens no question about the rules.
  return [found.isOpen ? left : { ...left, why: NOT_YET, ofAny: false }];
}

function hitFate(
  reported: RuleHits | undefined,
  evaluated: RuleHits | undefined,
): (Fate & Pick<RuleFateJson, 'basis'>) | undefined {
  if (reported === undefined && evaluated === undefined) return undefined;
  if (evaluated === undefined) return { fate: 'hit', why: '', basis: 'reported' };
  return reported === undefined
    ? { fate: 'hit', why: 'Evaluated: no record names the rule.', basis: 'evaluated' }
    : { fate: 'hit', why: '', basis: 'both' };
}

const toldHits = (hits: RuleHits | undefined): RuleFateJson['evaluated'] => ({
  totals: hits?.totals ?? NO_HITS,
  lastHit: hits === undefined ? null : formatTime(hits.last),
});

function writtenRules({ compiled }: PolicyObject): readonly WrittenRule[] {
  const rules = new Map<string, WrittenRule>();
  for (const policy of compiled)
    for (const way of ['ingress', 'egress'] as const)
      for (const { path, effect } of policy.rules[way]) {
        const text = pathText(path);
        rules.set(text, { path: text, way, effect });
      }
  return [...rules.values()];
}

/** The rule that a hit is of, or why none can be told. */
function ruleOf(
  row: PolicyHitRow,
  { ref, version: { manifest } }: PolicyObject,
  written: readonly WrittenRule[],
): { readonly path: string } | { readonly why: string; readonly ofAny: boolean } {
  const { direction, rule } = row;
  if (direction === 'unknown')
    return { why: 'The flows do not say in which direction.', ofAny: true };
  if (rule >= 0) {
    const paths = convertedRules(ref, manifest, direction)?.map(({ path }) => path);
    if (paths === undefined)
      return {
        why: `The dataplane names rule ${rule} of what it made of this policy.`,
        ofAny: true,
      };
    const path = paths[rule];
    if (path !== undefined) return { path: pathText(path) };
    return {
      why: `The dataplane names rule ${rule}, which this version does not have.`,
      ofAny: false,
    };
  }
  const possible = written.filter(
    ({ way, effect }) => way === direction && couldBe(effect, row.totals),
  );
  const [only] = possible;
  // Where the policy has one such rule, a hit of the policy is a hit of the rule.
  if (only !== undefined && possible.length === 1) return { path: only.path };
  return { why: 'The dataplane names the policy and not the rule.', ofAny: true };
}

function couldBe(effect: Effect, { allowed, denied, passed, staged }: HitTotals): boolean {
  if (staged > 0) return effect !== 'log';
  switch (effect) {
    case 'allow':
      return allowed > 0;
    case 'deny':
      return denied > 0;
    case 'pass':
      return passed > 0;
    case 'log':
      return false;
  }
}

type Fate = { readonly fate: RuleFateKind; readonly why: string };

function createFateOf(
  { policy, dataplane, selects, shorter, evaluated }: FateOptions,
  open: ReadonlySet<string>,
): (rule: WrittenRule) => Fate {
  const shadowed = new Map(
    policy.compiled.flatMap(shadowedRules).map(({ path, why }) => [pathText(path), why]),
  );
  return ({ path, way, effect }) => {
    const shadow = shadowed.get(path);
    if (shadow !== undefined) return { fate: 'shadowed', why: `It ${shadow}.` };
    if (selects === 0)
      return { fate: 'selects-nothing', why: 'The policy selects no pod, so no rule can be hit.' };
    if (effect === 'log')
      return { fate: 'not-observable', why: 'Log rules decide nothing, so no flow names them.' };
    if (dataplane === 'azure-npm' && !evaluated.isBegun)
      return { fate: 'not-observable', why: "Retina's records name no policy." };
    if (dataplane === 'azure-npm' && evaluated.hasOpen)
      return {
        fate: 'not-observable',
        why: 'Not hit as evaluated; some decisions can be given to no policy, and may be hits of it.',
      };
    if (open.has(way))
      return {
        fate: 'not-observable',
        why: 'The policy was hit, and the dataplane does not name the rule.',
      };
    if (shorter?.kind === 'edited')
      return {
        fate: 'edited',
        why: `Not hit since the edit at ${momentText(shorter.at)}; what was hit before had another text.`,
      };
    if (shorter?.kind === 'too-young')
      return {
        fate: 'too-young',
        why: `Not hit since ${momentText(shorter.at)}, from when on it is known; that is not all of the range.`,
      };
    return { fate: 'quiet', why: 'Not hit in the range.' };
  };
}
