import { dropReason } from '../../core/drop-reasons.ts';
import type { Explanation, SuggestedPart, Suggestion } from '../../core/explanation.ts';
import type { ObjectVersion } from '../../core/inventory.ts';
import type { RecordedFlow } from '../../core/flow.ts';
import { formatTime, nanos, NANOS_PER_SECOND, type TimeWindow } from '../../core/time.ts';
import type { Engine } from '../../policy/engine.ts';
import type { Dataplane } from '../../policy/facts.ts';
import { judgedOf } from '../../policy/flow-judged.ts';
import { editedText, manifestText } from '../../policy/suggest/edit.ts';
import { newlyAllowed } from '../../policy/suggest/newly-allowed.ts';
import { reachOf, type Part } from '../../policy/suggest/part.ts';
import { suggest, type Suggestion as Found } from '../../policy/suggest/suggest.ts';
import { either, term } from '../../query/build.ts';
import type { FlowReader } from '../../store/flow-store.ts';
import { manifestsOf, type Engines } from './engine-at.ts';
import { icmpOf } from './icmp.ts';
import { connectionText } from './sentences.ts';
import type { DocumentOf } from './source-places.ts';
import { groupOf } from './told-trace.ts';
import { askedOf } from './weigh.ts';

export type SuggestionOptions = {
  readonly reader: FlowReader;
  readonly engines: Engines;
  readonly engine: Engine;
  readonly objects: readonly ObjectVersion[];
  readonly dataplane: Dataplane;
  readonly documentOf: DocumentOf;
  readonly signal?: AbortSignal;
};

type Change = Extract<Found, { kind: 'change' }>;
type Told = Pick<Explanation, 'suggestion' | 'noSuggestion'>;

/** A change that would let a dropped flow through, with what else it would let through. */
export async function toldSuggestion(
  flow: RecordedFlow,
  options: SuggestionOptions,
): Promise<Told> {
  if (flow.verdict.kind !== 'dropped') return { suggestion: undefined, noSuggestion: '' };
  if (!isPolicyDrop(flow.verdict.reason))
    return {
      suggestion: undefined,
      noSuggestion: 'No policy decided this, and none can admit it.',
    };
  const { engine, engines, objects, dataplane } = options;
  const judged = judgedOf(flow, { facts: engine.world.facts, dataplane, icmp: icmpOf(flow) });
  if (engine.judge(judged).verdict === 'allow')
    return { suggestion: undefined, noSuggestion: 'The policies that are known allow it already.' };
  const found = suggest({
    manifests: manifestsOf(objects),
    engine,
    builder: engines,
    judged,
  });
  if (found.kind === 'none') return { suggestion: undefined, noSuggestion: found.why };
  const suggestion: Suggestion = {
    parts: found.parts.map((part) => toldPart(part, textOf(part, options))),
    command: 'kubectl diff -f suggestion.yaml; kubectl apply --dry-run=server -f suggestion.yaml',
    ...(await blastRadius(flow, found, options)),
    proof: `Weighed again with the change: ${connectionText(askedOf(flow))} is allowed at both ends.`,
  };
  return { suggestion, noSuggestion: '' };
}

/** A reason that is not known may be policy; any other that is not about policy is not. */
function isPolicyDrop(code: string): boolean {
  const { category } = dropReason(code);
  return category === 'policy' || category === 'unknown';
}

/** The text of the manifest that is changed. */
function textOf({ before }: Part, { objects, documentOf }: SuggestionOptions): string | undefined {
  const object = objects.find(({ manifest }) => manifest === before);
  return (object && documentOf(object)?.text) || undefined;
}

function toldPart({ before, after, edits }: Part, text: string | undefined): SuggestedPart {
  const { kind, metadata } = after;
  return {
    policy: {
      ...{ kind, apiGroup: groupOf(after) },
      ...{ namespace: metadata.namespace ?? '', name: metadata.name },
    },
    ...(text === undefined || edits.length === 0
      ? { before: before === undefined ? '' : manifestText(before), after: manifestText(after) }
      : editedText(text, edits)),
  };
}

/** Drops are looked back at so far; a job that runs once a week is among them. */
const LOOK_BACK = 14n * 86_400n * NANOS_PER_SECOND;
/** Groups that are weighed again. */
const MAX_GROUPS = 2_000;
const MAX_TOLD = 20;

/**
 * Only what is dropped now can be let through, so only recorded drops are weighed again: those with an end in a
 * namespace whose policies change, and all where a policy of the whole cluster does.
 */
async function blastRadius(
  flow: RecordedFlow,
  { parts, engine: after }: Pick<Change, 'parts' | 'engine'>,
  { reader, engine, dataplane, signal }: SuggestionOptions,
): Promise<Pick<Suggestion, 'alsoAllows' | 'alsoAllowed' | 'weighed'>> {
  const within: TimeWindow = {
    from: nanos(flow.observedAt - LOOK_BACK),
    to: nanos(flow.observedAt + LOOK_BACK),
  };
  const reach = reachOf(parts);
  const { groups } = await reader.dropGroups({
    where: reach && either(reach.map((name) => term(undefined, 'ns', name))),
    ...{ within, top: MAX_GROUPS },
    ...(signal === undefined ? {} : { signal }),
  });
  const own = connectionText(askedOf(flow));
  const others = groups.filter(({ latest }) => connectionText(askedOf(latest)) !== own);
  const allowed = newlyAllowed(
    others,
    ({ latest }, { world }) => judgedOf(latest, { facts: world.facts, dataplane, icmp: undefined }),
    { before: engine, after },
  );
  return {
    alsoAllowed: allowed.length,
    alsoAllows: allowed.slice(0, MAX_TOLD).map(({ latest, count }) => {
      const { client, server, port } = askedOf(latest);
      return { from: client, to: server, port, count };
    }),
    weighed: { groups: groups.length, since: formatTime(within.from) },
  };
}
