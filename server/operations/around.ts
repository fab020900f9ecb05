import { AppError } from '../core/errors.ts';
import type { Endpoint, StoredFlow } from '../core/flow.ts';
import type { TimeWindow } from '../core/time.ts';
import type { Expression, Side } from '../query/ast.ts';
import { all, either, term, valueTerm } from '../query/build.ts';
import type { FlowPage, FlowReader } from '../store/flow-store.ts';

/** Whose flows: those between the same two ends, of either end, of the end that sent or received, of the node. */
export const AROUND = ['pair', 'pod', 'from', 'to', 'node'] as const;

export type AroundOf = (typeof AROUND)[number];

export type AroundOptions = {
  readonly of: AroundOf;
  /** Flows on each side. */
  readonly limit: number;
  readonly within?: TimeWindow;
  readonly signal?: AbortSignal;
};

/** What was committed before and behind a flow, each in the order of the page: the nearest first. */
export type FlowsAround = {
  readonly flow: StoredFlow;
  /** Finds the flow itself, and all that are around it. */
  readonly where: Expression;
  readonly before: FlowPage;
  readonly after: FlowPage;
};

/**
 * What the same pair, pod or node did before and after a flow, in the order of commits. `undefined` when there is no
 * such flow. Throws an AppError `bad-request` when the flow does not say whose it is.
 */
export async function flowsAround(
  reader: FlowReader,
  seq: number,
  { of, limit, within, signal }: AroundOptions,
): Promise<FlowsAround | undefined> {
  const flow = await reader.find(seq);
  if (flow === undefined) return undefined;
  const where = aroundQuery(flow, of);
  const request = { limit, after: seq, ...(signal === undefined ? {} : { signal }) };
  const query = { where, ...(within === undefined ? {} : { within }) };
  const after = await reader.page(query, { ...request, order: 'oldest' });
  const before = await reader.page(query, { ...request, order: 'newest' });
  return { flow, where, before, after };
}

/** The query that finds them, made of what the flow says and never of text that is read again. */
function aroundQuery(flow: StoredFlow, of: AroundOf): Expression {
  const [from, to] = [endOf(flow, 'from'), endOf(flow, 'to')];
  switch (of) {
    case 'pair':
      return pairQuery(flow, from, to);
    case 'pod': {
      const known = [from, to].filter((end) => end.known);
      if (known.length > 0) return either(known.map(anySide));
      throw unsaid(flow, 'which pods or addresses it was between');
    }
    case 'from':
    case 'to': {
      const end = of === 'from' ? from : to;
      if (end.known) return anySide(end);
      throw unsaid(flow, `which pod or address it went ${of}`);
    }
    case 'node':
      if (flow.node !== '') return term(undefined, 'node', flow.node);
      throw unsaid(flow, 'which node saw it');
  }
}

function pairQuery(flow: StoredFlow, from: End, to: End): Expression {
  if (!from.known && !to.known) throw unsaid(flow, 'which pods or addresses it was between');
  return either([
    all([from.terms('from'), to.terms('to')]),
    all([from.terms('to'), to.terms('from')]),
  ]);
}

const unsaid = (flow: StoredFlow, what: string): AppError =>
  new AppError('bad-request', `flow ${flow.seq} does not say ${what}`);

type End = {
  /** Something names it. */
  readonly known: boolean;
  /** True of flows that have the same end on that side. */
  readonly terms: (side: Side) => Expression;
};

/** Terms without a side would be content with a namespace of one end and a pod of the other. */
const anySide = ({ terms }: End): Expression => either([terms('from'), terms('to')]);

function endOf(flow: StoredFlow, side: Side): End {
  const [end, ip] =
    side === 'from' ? [flow.source, flow.sourceIp] : [flow.destination, flow.destinationIp];
  const named = namesOf(end, ip);
  return {
    known: named.length > 0,
    // An end that nobody could name is like others that nobody could.
    terms: (at) =>
      named.length > 0
        ? all(named.map(([field, text]) => term(at, field, text)))
        : all(UNNAMED.map((field) => valueTerm(at, field, { kind: 'none' }))),
  };
}

const UNNAMED = ['pod', 'wl', 'ip'];

/** A pod by its name, since its address may be another's later; what has none by its workload or address. */
function namesOf(end: Endpoint, ip: string): readonly (readonly [field: string, text: string])[] {
  const { cluster, namespace, pod, workload } = end;
  const scope = [
    ['cluster', cluster],
    ['ns', namespace],
  ] as const;
  const name = pod !== '' ? (['pod', pod] as const) : (['wl', workload] as const);
  if (name[1] === '') return ip === '' ? [] : [['ip', ip]];
  return [...scope.filter(([, text]) => text !== ''), name];
}
