import type { Manifest } from '../../core/manifest.ts';
import type { EngineBuilder } from '../engine-builder.ts';
import type { Engine, Judgement } from '../engine.ts';
import type { Judged } from '../facts.ts';
import { traceEnd, type EndTrace } from '../trace.ts';
import type { Way } from '../form.ts';
import { selects } from '../matching.ts';
import { candidates } from './candidates.ts';
import { denyingEntries, exceptions } from './exceptions.ts';
import { withPart, type Part } from './part.ts';
import { whyNothing, whyOpen } from './refusal.ts';

export type Suggestion =
  | {
      readonly kind: 'change';
      /** One for each end that denies. */
      readonly parts: readonly Part[];
      /** The engine of the changed set, which allows the connection. */
      readonly engine: Engine;
      readonly judgement: Judgement;
    }
  /** `why` says what would help, or what is not known. */
  | { readonly kind: 'none'; readonly why: string };

export type SuggestOptions = {
  readonly manifests: readonly Manifest[];
  readonly engine: Engine;
  readonly builder: EngineBuilder;
  readonly judged: Judged;
};

/**
 * The smallest change that lets a denied connection through, shown to do so by weighing it again: one more peer, port
 * or rule in a policy that already selects the end, and only where there is none a policy of its own. Where a rule
 * denies, an exception from that rule first.
 */
export function suggest({ manifests, engine, builder, judged }: SuggestOptions): Suggestion {
  let tried: Tried = { set: manifests, engine, builder, judged };
  let parts: readonly Part[] = [];
  for (const way of ['egress', 'ingress'] as const)
    for (let step = 0; ; step++) {
      const trace = deniedAt(tried, way);
      if (trace === undefined) break;
      if (typeof trace === 'string') return { kind: 'none', why: trace };
      const found = step < MOST_STEPS && mayChange(trace) ? nextChange(trace, tried) : NOTHING;
      if (!('part' in found)) return { kind: 'none', why: whyNothing(trace, found.wouldIsolate) };
      parts = withPart(parts, found.part);
      tried = { ...tried, set: found.set, engine: found.engine };
    }
  const judgement = tried.engine.judge(judged);
  return parts.length > 0 && judgement.verdict === 'allow'
    ? { kind: 'change', parts, engine: tried.engine, judgement }
    : { kind: 'none', why: whyOpen(judgement.missing) };
}

/** Rules that deny one after the other, and then one that allows; who needs more changes should read what they do. */
const MOST_STEPS = 8;

/** A rule that does not ask who they are would let in whoever claims to be them. */
const mayChange = ({ verdict }: EndTrace): boolean => verdict.reason !== 'auth-failed';

type Tried = {
  readonly set: readonly Manifest[];
  readonly engine: Engine;
  readonly builder: EngineBuilder;
  readonly judged: Judged;
};

type Found = Pick<Tried, 'set' | 'engine'> & { readonly part: Part };
/** Whether a policy was left out since it would isolate what nothing isolates. */
type Nothing = { readonly wouldIsolate: boolean };

const NOTHING: Nothing = { wouldIsolate: false };

/** How an end denies it; `undefined` where it does not, and a text where it is open. */
function deniedAt({ engine, judged }: Tried, way: Way): EndTrace | string | undefined {
  const judgement = engine.judge(judged);
  const end = judgement[way];
  if (end === undefined || end.verdict === 'allow') return undefined;
  if (end.verdict === 'undetermined') return whyOpen(end.missing);
  return traceEnd(engine, engine.question(judgement.connection, way));
}

/** The first change that leads on: to an allow, or past one of the rules that deny. */
function nextChange(trace: EndTrace, tried: Tried): Found | Nothing {
  const { set, builder, engine } = tried;
  const isDenied = trace.verdict.reason === 'rule-deny';
  let wouldIsolate = false;
  for (const part of isDenied ? exceptions(trace, set) : candidates(trace, set)) {
    const changed =
      part.before === undefined
        ? [...set, part.after]
        : set.map((manifest) => (manifest === part.before ? part.after : manifest));
    const found = { part, set: changed, engine: builder.build(changed, engine.world.dataplane) };
    if (part.before === undefined && isolatesMore(part.after, trace, found.engine)) {
      wouldIsolate = true;
      continue;
    }
    const left = deniedAt({ ...tried, ...found }, trace.question.way);
    if (left === undefined || (isDenied && typeof left !== 'string' && isLess(left, trace)))
      return found;
  }
  return { wouldIsolate };
}

const isLess = (left: EndTrace, before: EndTrace): boolean =>
  left.verdict.reason !== 'rule-deny' || denyingEntries(left) < denyingEntries(before);

/** Whether a policy that is new would isolate pods that none isolates so far, which are to lose nothing. */
function isolatesMore(made: Manifest, { question, stages }: EndTrace, after: Engine): boolean {
  const { way, world } = question;
  const stage = after.stages.find(({ policies }) =>
    policies.some(({ manifest }) => manifest === made),
  );
  const policy = stage?.policies.find(({ manifest }) => manifest === made);
  const before = stages.find(({ name }) => name === stage?.name);
  if (policy?.isolates.has(way) !== true) return false;
  return [...world.facts.pods.values()].some((subject) => {
    const asked = { ...question, subject };
    return (
      selects(policy, asked) !== 'no' &&
      before
        ?.select(asked)
        .some((each) => each.truth === 'yes' && each.policy.isolates.has(way)) !== true
    );
  });
}
