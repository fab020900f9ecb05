import type { Completeness } from '../../core/completeness.ts';
import { missingWords } from '../../core/completeness-words.ts';
import { pathText } from '../../core/manifest.ts';
import {
  formatTime,
  nanos,
  NANOS_PER_SECOND,
  type EpochNanos,
  type TimeWindow,
} from '../../core/time.ts';
import { isEnforced } from '../../policy/engine-builder.ts';
import type { Dataplane } from '../../policy/facts.ts';
import { momentText } from './moment-text.ts';
import type { PolicyObject } from './policy-objects.ts';
import type { PolicyStatusJson } from './policy-shapes.ts';
import type { VersionFacts } from './policy-versions.ts';

export type StatusFacts = {
  readonly policy: PolicyObject;
  readonly dataplane: Dataplane | undefined;
  readonly facts: VersionFacts;
  /** When it was hit last in the window, at whatever version, by what the dataplane reports. */
  readonly lastHit: EpochNanos | undefined;
  /** The same by weighing, and since when flows are weighed; `undefined`: they are not. */
  readonly evaluated: {
    readonly lastHit: EpochNanos | undefined;
    readonly since: EpochNanos | undefined;
    /** Some decisions of the window are nobody's. */
    readonly hasOpen: boolean;
  };
  readonly window: TimeWindow;
  /** Of the window. */
  readonly completeness: Completeness;
  /** From when on the hits of the window were looked through. */
  readonly lookedFrom: EpochNanos;
  /** Since when a source of the inventory tells policies without a break; `undefined`: none does. */
  readonly toldSince: EpochNanos | undefined;
};

const EDITED_FOR = 7n * 86_400n * NANOS_PER_SECOND;

const DATAPLANE_NAMES: Readonly<Record<Dataplane, string>> = {
  kubernetes: 'A plain Kubernetes network',
  cilium: 'Cilium',
  calico: 'Calico',
  'azure-npm': 'Azure NPM',
};

/** What can be said of a policy that the inventory holds. A policy is never called unused on a guess. */
export function statusOf(asked: StatusFacts): PolicyStatusJson {
  const { policy, dataplane, facts, lastHit, evaluated, window } = asked;
  const [fault] = policy.faults;
  if (fault !== undefined)
    return said('invalid', `A cluster would refuse it: ${pathText(fault.path)} ${fault.message}.`);
  if (isUnenforced(policy, dataplane))
    return said(
      'not-enforced',
      `${DATAPLANE_NAMES[dataplane ?? 'kubernetes']} runs here, which does not enforce ${policy.version.key.kind}.`,
    );
  if (dataplane === 'azure-npm' && evaluated.since === undefined)
    return said('not-observable', "Retina's records name no policy, so hits cannot be counted.");
  const isSince = (at: EpochNanos | undefined): boolean => at !== undefined && at >= facts.since;
  const isHit = isSince(lastHit) || isSince(evaluated.lastHit);
  if (facts.isEdit && facts.since > window.to - EDITED_FOR) {
    const why = isHit ? 'It was hit since.' : 'It was not hit since.';
    return { kind: 'edited', at: formatTime(facts.since), why: `Edited. ${why}` };
  }
  if (isHit)
    return said(
      'active',
      isSince(lastHit)
        ? 'Hit in the version in force.'
        : 'Hit in the version in force, as evaluated: no record names it.',
    );
  const missing = missingFor(asked);
  return missing.length === 0
    ? said('unused', `Not hit since ${momentText(window.from)}, in all of which it was watched.`)
    : said('no-hits', `Not hit, which proves nothing: ${missing.join('; ')}.`);
}

const said = (kind: PolicyStatusJson['kind'], why: string): PolicyStatusJson => ({
  kind,
  at: null,
  why,
});

function isUnenforced({ compiled }: PolicyObject, dataplane: Dataplane | undefined): boolean {
  const [first] = compiled;
  if (first === undefined || dataplane === undefined) return false;
  return !isEnforced(first.family, dataplane);
}

/** Conditions of `unused` that do not hold. */
function missingFor(asked: StatusFacts): readonly string[] {
  const { facts, window, completeness, lookedFrom, toldSince } = asked;
  const missing: string[] = [];
  const lastHit = latest(asked.lastHit, asked.evaluated.lastHit);
  if (lastHit !== undefined && lastHit < facts.since)
    missing.push(`it was hit at ${momentText(lastHit)}, before this version`);
  if (facts.isEdit && facts.since > window.from)
    missing.push(`it was edited at ${momentText(facts.since)}`);
  else if (facts.since > window.from)
    missing.push(`it is known only since ${momentText(facts.since)}`);
  else if (toldSince === undefined || toldSince > window.from)
    missing.push('edits are not known through all of the window');
  if (lookedFrom > window.from)
    missing.push(`hits before ${momentText(lookedFrom)} are still being looked through`);
  missing.push(...missingForWeighing(asked));
  const unwatched = missingWords(completeness);
  if (completeness.sources.length === 0) missing.push('no source was watched');
  else if (completeness.verdict !== 'complete')
    missing.push(unwatched === '' ? 'not all of the window was watched' : unwatched);
  return missing;
}

/** No record names a policy for what it denies by default, so that only weighing shows that it does. */
function missingForWeighing({
  policy,
  dataplane,
  evaluated: { since, hasOpen },
  window,
}: StatusFacts): readonly string[] {
  const isNeeded =
    dataplane === 'azure-npm' || policy.compiled.some(({ isolates }) => isolates.size > 0);
  if (!isNeeded) return [];
  if (since === undefined) return ['hits that no record names are not evaluated'];
  if (since > window.from)
    return [`hits that no record names are evaluated only since ${momentText(since)}`];
  return dataplane === 'azure-npm' && hasOpen
    ? ['some decisions can be given to no policy, and may be its hits']
    : [];
}

const latest = (
  one: EpochNanos | undefined,
  other: EpochNanos | undefined,
): EpochNanos | undefined =>
  one === undefined || (other !== undefined && other > one) ? other : one;

/** The window that `unused` is about, back from a time. */
export const windowBack = (to: EpochNanos, ms: number): TimeWindow => {
  const from = to - BigInt(ms) * 1_000_000n;
  return { from: nanos(from < 0n ? 0n : from), to };
};
