import { endName } from '../../core/end-name.ts';
import type { FlowFields, RecordedFlow } from '../../core/flow.ts';
import type { Engine, Judgement } from '../../policy/engine.ts';
import type { Dataplane } from '../../policy/facts.ts';
import { judgedOf } from '../../policy/flow-judged.ts';
import { traceEnd, type EndTrace } from '../../policy/trace.ts';
import { icmpOf } from './icmp.ts';
import type { Asked } from './sentences.ts';

/** A flow weighed against one set of policies. */
export type Weighed = {
  readonly engine: Engine;
  readonly judgement: Judgement;
  readonly traces: readonly EndTrace[];
};

export function weighWith(engine: Engine, flow: RecordedFlow, dataplane: Dataplane): Weighed {
  const judged = judgedOf(flow, { facts: engine.world.facts, dataplane, icmp: icmpOf(flow) });
  const judgement = engine.judge(judged);
  const traces = (['egress', 'ingress'] as const).flatMap(
    (way) => traceEnd(engine, engine.question(judgement.connection, way)) ?? [],
  );
  return { engine, judgement, traces };
}

/** Cluster whose dataplane decided; empty where the record does not say. */
export function clusterOf(flow: FlowFields): string {
  const [cluster, ...node] = flow.node.split('/');
  if (node.length > 0 && cluster !== undefined) return cluster;
  return flow.source.cluster || flow.destination.cluster;
}

/** What the ends of the connection are called, whichever of them sent the packet. */
export function askedOf(flow: FlowFields): Asked {
  const source = endName(flow.source, { names: flow.sourceNames, ip: flow.sourceIp });
  const destination = endName(flow.destination, {
    names: flow.destinationNames,
    ip: flow.destinationIp,
  });
  const isReply = flow.reply === 'yes';
  const port = isReply ? flow.sourcePort : flow.destinationPort;
  return {
    client: isReply ? destination : source,
    server: isReply ? source : destination,
    port: port > 0 ? `${port}/${flow.protocol.toUpperCase()}` : flow.protocol.toUpperCase(),
  };
}
