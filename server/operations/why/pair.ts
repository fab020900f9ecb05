import type { Endpoint, FlowFields } from '../../core/flow.ts';
import type { Expression, Side } from '../../query/ast.ts';
import { all, term } from '../../query/build.ts';

/** Flows that ask policy the same as this one: between the same workloads, to the same port. */
export function sameAsked(flow: FlowFields): Expression {
  const [client, server] = clientFirst(flow);
  return all([
    ...endTerms('from', client),
    ...endTerms('to', server),
    ...portTerms(flow, server.port),
  ]);
}

/** To the same destination and port, from anywhere. */
export function sameDestination(flow: FlowFields): Expression {
  const [, server] = clientFirst(flow);
  return all([...endTerms('to', server), ...portTerms(flow, server.port)]);
}

/** From the same source, to anywhere. */
export function sameSource(flow: FlowFields): Expression {
  const [client] = clientFirst(flow);
  return all(endTerms('from', client));
}

type End = { readonly end: Endpoint; readonly ip: string; readonly port: number };

/** A reply tells of the connection that the other end opened. */
function clientFirst(flow: FlowFields): readonly [End, End] {
  const source = { end: flow.source, ip: flow.sourceIp, port: flow.sourcePort };
  const destination = { end: flow.destination, ip: flow.destinationIp, port: flow.destinationPort };
  return flow.reply === 'yes' ? [destination, source] : [source, destination];
}

/** By workload, which outlives pods; what is none by its address. */
function endTerms(side: Side, { end, ip }: End): readonly Expression[] {
  const name = end.workload || end.pod;
  if (name === '') return ip === '' ? [] : [term(side, 'ip', ip)];
  return [
    ...(end.cluster === '' ? [] : [term(side, 'cluster', end.cluster)]),
    ...(end.namespace === '' ? [] : [term(side, 'ns', end.namespace)]),
    term(side, end.workload === '' ? 'pod' : 'wl', name),
  ];
}

const portTerms = ({ protocol }: FlowFields, port: number): readonly Expression[] => [
  ...(port > 0 ? [term('to', 'port', String(port))] : []),
  ...(protocol === '' ? [] : [term(undefined, 'proto', protocol)]),
];
