import type { Manifest } from '../../core/manifest.ts';
import type { EngineBuilder } from '../engine-builder.ts';
import type { Engine, Judgement } from '../engine.ts';
import type { Judged } from '../facts.ts';
import { traceEnd, type EndTrace } from '../trace.ts';
import { candidates, type Part } from './candidates.ts';
import { cannotAdd } from './refusal.ts';

export type Suggestion =
  | {
      readonly kind: 'change';
      /** One for each end that denies. */
      readonly parts: readonly Part[];
      /** The engine of the changed set, which allows the connection. */
      readonly engine: Engine;
      readonly judgement: Judgement;
    }
  /** No added rule helps; `why` says what would. */
  | { readonly kind: 'none'; readonly why: string };

export type SuggestOptions = {
  readonly manifests: readonly Manifest[];
  readonly engine: Engine;
  readonly builder: EngineBuilder;
  readonly judged: Judged;
};

/**
 * The smallest change that lets a denied connection through, shown to do so by weighing it again: one more peer, port
 * or rule in a policy that already selects the end, and only where there is none a policy of its own.
 */
export function suggest({ manifests, engine, builder, judged }: SuggestOptions): Suggestion {
  let set: readonly Manifest[] = manifests;
  let current = engine;
  const parts: Part[] = [];
  for (const way of ['egress', 'ingress'] as const) {
    const judgement = current.judge(judged);
    const end = judgement[way];
    if (end === undefined || end.verdict === 'allow') continue;
    if (end.verdict === 'undetermined')
      return {
        kind: 'none',
        why: `What decides is not known: ${end.missing[0]?.text ?? 'facts are missing'}.`,
      };
    const question = current.question(judgement.connection, way);
    const trace = traceEnd(current, question);
    const refusal = trace && cannotAdd(trace);
    if (refusal !== undefined) return { kind: 'none', why: refusal };
    const found = trace && firstThatAllows({ trace, set, builder, judged, engine: current });
    if (found === undefined) return { kind: 'none', why: NOTHING_FOUND };
    parts.push(found.part);
    set = found.set;
    current = found.engine;
  }
  const judgement = current.judge(judged);
  return parts.length > 0 && judgement.verdict === 'allow'
    ? { kind: 'change', parts, engine: current, judgement }
    : { kind: 'none', why: NOTHING_FOUND };
}

const NOTHING_FOUND = 'No rule could be written from what is known of the two ends.';

type Tried = {
  readonly trace: EndTrace;
  readonly set: readonly Manifest[];
  readonly builder: EngineBuilder;
  readonly judged: Judged;
  readonly engine: Engine;
};

type Found = { readonly part: Part; readonly set: readonly Manifest[]; readonly engine: Engine };

function firstThatAllows(tried: Tried): Found | undefined {
  const { trace, set, builder, judged, engine } = tried;
  for (const part of candidates(trace, set)) {
    const changed =
      part.before === undefined
        ? [...set, part.after]
        : set.map((manifest) => (manifest === part.before ? part.after : manifest));
    const variant = builder.build(changed, engine.world.dataplane);
    if (variant.judge(judged)[trace.question.way]?.verdict === 'allow')
      return { part, set: changed, engine: variant };
  }
  return undefined;
}
