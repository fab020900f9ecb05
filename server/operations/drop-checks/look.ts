import type { Endpoint, RecordedFlow, StoredFlow } from '../../core/flow.ts';
import {
  formatTime,
  nanos,
  NANOS_PER_SECOND,
  type EpochNanos,
  type TimeWindow,
} from '../../core/time.ts';
import type { DropFinding } from '../../core/drop-finding.ts';
import type { Expression, Side } from '../../query/ast.ts';
import { all, term } from '../../query/build.ts';
import type { FlowReader } from '../../store/flow-store.ts';

/** A search ends after so long: a person waits for all the checks together. */
const WORK_MS = 150;

export const SECOND = NANOS_PER_SECOND;
export const MINUTE = 60n * SECOND;
export const HOUR = 60n * MINUTE;

/** The stored flows, as checks look at them. */
export type Look = {
  readonly reader: FlowReader;
  readonly signal?: AbortSignal;
};

/** One question; `undefined`: it does not arise for this drop. */
export type DropCheck = (
  drop: StoredFlow,
  look: Look,
) => Promise<Omit<DropFinding, 'check'> | undefined>;

export type Found<F = StoredFlow> = {
  readonly flows: readonly F[];
  /** All that was asked for was looked at; else the time for it was over. */
  readonly whole: boolean;
};

type Search = {
  readonly within: TimeWindow;
  readonly limit: number;
  readonly order?: 'newest' | 'oldest';
};

export async function find(
  { reader, signal }: Look,
  where: Expression,
  { within, limit, order = 'newest' }: Search,
): Promise<Found> {
  const page = await reader.page({ where, within }, request({ limit, order, signal }));
  return { flows: page.flows, whole: page.searching === undefined };
}

/** The same, with what the sources wrote. */
export async function findRecords(
  { reader, signal }: Look,
  where: Expression,
  { within, limit, order = 'newest' }: Search,
): Promise<Found<RecordedFlow>> {
  const page = await reader.records({ where, within }, request({ limit, order, signal }));
  return { flows: page.flows, whole: page.searching === undefined };
}

const request = ({
  limit,
  order,
  signal,
}: {
  readonly limit: number;
  readonly order: 'newest' | 'oldest';
  readonly signal: AbortSignal | undefined;
}) => ({ limit, order, workMs: WORK_MS, ...(signal === undefined ? {} : { signal }) });

/** The time up to a drop, without itself. */
export const before = ({ observedAt }: StoredFlow, span: bigint): TimeWindow => ({
  from: nanos(observedAt - span),
  to: observedAt,
});

/** The time from a drop on. */
export const after = ({ observedAt }: StoredFlow, span: bigint): TimeWindow => ({
  from: nanos(observedAt + 1n),
  to: nanos(observedAt + span),
});

export type End = { readonly end: Endpoint; readonly ip: string; readonly port: number };

export const sourceOf = (flow: StoredFlow): End => ({
  end: flow.source,
  ip: flow.sourceIp,
  port: flow.sourcePort,
});

export const destinationOf = (flow: StoredFlow): End => ({
  end: flow.destination,
  ip: flow.destinationIp,
  port: flow.destinationPort,
});

/** The end of a flow that has an address; `undefined` when neither does. */
export const endWith = (flow: StoredFlow, ip: string): End | undefined =>
  [sourceOf(flow), destinationOf(flow)].find((end) => end.ip === ip);

/** True of flows whose end on that side is this very pod, or has this address. */
export function isEnd(side: Side, { end, ip }: End): Expression | undefined {
  if (end.pod !== '')
    return all([
      ...(end.cluster === '' ? [] : [term(side, 'cluster', end.cluster)]),
      ...(end.namespace === '' ? [] : [term(side, 'ns', end.namespace)]),
      term(side, 'pod', end.pod),
    ]);
  return ip === '' ? undefined : term(side, 'ip', ip);
}

export const atPort = (side: Side, port: number): Expression => term(side, 'port', String(port));

export const ALLOWED = term(undefined, 'verdict', 'forwarded');
export const DROPPED = term(undefined, 'verdict', 'dropped');

export const podName = ({ namespace, pod }: Endpoint): string =>
  namespace === '' ? pod : `${namespace}/${pod}`;

/** `2 min 5 s`. */
export function spanText(span: bigint): string {
  const seconds = Number(span / SECOND);
  if (seconds < 1) return 'less than 1 s';
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60)
    return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** How long before the drop. */
export const agoText = (
  drop: StoredFlow,
  { observedAt }: { readonly observedAt: EpochNanos },
): string => `${spanText(drop.observedAt - observedAt)} before`;

export const timeText = (time: EpochNanos): string => `${formatTime(time).slice(0, 19)}Z`;

/** Said behind what was not seen when the search had to end. */
export const doubt = ({ whole }: Pick<Found, 'whole'>): string =>
  whole ? '' : ' Not all of that time could be searched.';
