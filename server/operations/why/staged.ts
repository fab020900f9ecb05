import type { RecordedFlow } from '../../core/flow.ts';
import type { ObjectVersion } from '../../core/inventory.ts';
import { policyName } from '../../core/policy-name.ts';
import { calicoPendingRules } from '../../policy/dataplanes/calico.ts';
import { calicoTrace, type TraceHit } from '../../policy/dataplanes/calico-trace.ts';
import type { EngineBuilder } from '../../policy/engine-builder.ts';
import { manifestsOf } from './engine-at.ts';
import { endSentence, portText } from './sentences.ts';
import { askedOf, weighWith, type Weighed } from './weigh.ts';

/** What policies of Calico that are staged would do if they were enforced, where that is something else. */
export function stagedNotes(
  flow: RecordedFlow,
  { engine, judgement }: Weighed,
  objects: readonly ObjectVersion[],
  builder: EngineBuilder,
): readonly string[] {
  const { dataplane } = engine.world;
  if (dataplane !== 'calico' || !objects.some(({ key }) => key.kind.startsWith('Staged')))
    return [];
  const pending = builder.build(manifestsOf(objects), dataplane, calicoPendingRules);
  const weighed = weighWith(pending, flow, dataplane);
  const asked = { ...askedOf(flow), port: portText(weighed.judgement.connection) };
  return weighed.traces.flatMap((trace) => {
    const { question, verdict } = trace;
    if (verdict.verdict === judgement[question.way]?.verdict) return [];
    const hits = calicoTrace(pending.stages, question, 'pending');
    const list =
      hits === undefined
        ? ''
        : ` Flow logs tell of it as pending: ${hits.map(hitText).join(', ')}.`;
    return [`With the staged policies in force: ${endSentence(trace, asked)}${list}`];
  });
}

/** `default|shop/default.web|deny|0`, close to how flow logs write it. */
const hitText = (hit: TraceHit): string =>
  [hit.tier, policyName(hit), hit.action, String(hit.rule)].join('|');
