import type { FlowCounts } from './flow.ts';

/** What tells whether a flow is one observation; a stored flow and its JSON both fit. */
export type Weighed = {
  readonly event: string;
  readonly counts: Pick<FlowCounts, 'events' | 'connections'>;
};

/** Whether the record stands for more, or for something else, than one observation. */
const isAggregate = ({ event, counts }: Weighed): boolean =>
  event === 'flow-log' || counts.events !== 1;

/** `×123` for a row of a table; empty where a record is what it seems: one. */
export function weightMark(
  { event, counts }: Weighed,
  format: (count: number) => string = String,
): string {
  if (counts.events !== 1) return `×${format(counts.events)}`;
  // Connections that were open already: how many the record does not say.
  return event === 'flow-log' && counts.connections === 0 ? '×?' : '';
}

/**
 * `stands for 123 events over 60 s, aggregated by the Hubble exporter`; empty for a record of one observation.
 * `windowSeconds` where the record tells its window.
 */
export function weightWords(flow: Weighed, windowSeconds: number | undefined): string {
  if (!isAggregate(flow)) return '';
  const { events, connections } = flow.counts;
  const over = windowSeconds === undefined ? '' : ` over ${Number(windowSeconds.toFixed(3))} s`;
  if (flow.event !== 'flow-log') {
    return `stands for ${counted(events, 'event')}${over}, aggregated by the Hubble exporter`;
  }
  if (events === 0) return `adds nothing to the traffic${over}, aggregated by Calico`;
  if (connections > 0) {
    return `stands for ${counted(connections, 'connection')} begun${over}, aggregated by Calico`;
  }
  return `stands for connections that were open before${over}, aggregated by Calico`;
}

const WHOLE = new Intl.NumberFormat('en-US');

const counted = (count: number, one: string): string =>
  `${WHOLE.format(count)} ${one}${count === 1 ? '' : 's'}`;
