import { VERDICT_KINDS } from '../core/verdict.ts';
import type { EpochNanos } from '../core/time.ts';
import type { Metric, Sample } from '../lib/metrics.ts';
import type { SourceState, SourceStatus } from '../operations/ingest.ts';
import type { Services } from './services.ts';

type Labelled = readonly (readonly [labels: Sample['labels'], value: number])[];

const STATES: Readonly<Record<SourceState, true>> = {
  connecting: true,
  reading: true,
  waiting: true,
  retrying: true,
  refused: true,
  done: true,
};
const SOURCE_STATES = Object.keys(STATES);

/** Metrics of the configured sources; what was imported or is no longer configured has none. */
export function sourceMetrics({ writer }: Services): readonly Metric[] {
  const metric = (
    type: Metric['type'],
    name: string,
    help: string,
    labels: readonly string[],
    read: (status: SourceStatus) => Labelled,
  ): Metric => ({
    name: `dropwise_source_${name}`,
    help,
    type,
    labels: ['source', ...labels],
    read: () =>
      writer
        .statuses()
        .flatMap((status) =>
          read(status).map(([own, value]) => ({ labels: { source: status.name, ...own }, value })),
        ),
  });
  const gauge = (
    name: string,
    help: string,
    read: (status: SourceStatus) => number | undefined,
  ): Metric =>
    metric('gauge', name, help, [], (status) => {
      const value = read(status);
      return value === undefined ? [] : [[{}, value]];
    });

  return [
    metric('counter', 'flows_total', 'Flows committed, by verdict.', ['verdict'], ({ counts }) =>
      VERDICT_KINDS.map((verdict) => [{ verdict }, counts.flows[verdict]]),
    ),
    metric('counter', 'lost_events_total', 'Events that the source says it lost.', [], (status) => [
      [{}, status.counts.lost],
    ]),
    metric(
      'counter',
      'rejected_records_total',
      'Records that are no flows, by reason.',
      ['reason'],
      ({ counts }) => counts.rejected.map(([reason, count]) => [{ reason }, count]),
    ),
    metric('gauge', 'state', '1 for the state that the source is in.', ['state'], (status) =>
      SOURCE_STATES.map((state) => [{ state }, status.state === state ? 1 : 0]),
    ),
    gauge('lag_seconds', 'Receipt minus observation of the newest flow.', ({ lagMs }) =>
      secondsOf(lagMs),
    ),
    gauge('last_event_timestamp_seconds', 'Observation of the newest flow.', ({ lastEventAt }) =>
      epochSeconds(lastEventAt),
    ),
    gauge('behind_bytes', 'Bytes in files that are not read yet.', (status) => status.bytesBehind),
    gauge(
      'rotation_loss_seconds',
      'Time until unread bytes are rotated away, if all goes on as it does.',
      ({ rotationLossMs }) => secondsOf(rotationLossMs),
    ),
    metric(
      'gauge',
      'nodes',
      'Nodes heard of through a relay, by whether they are connected.',
      ['connected'],
      ({ nodes }) =>
        nodes === undefined
          ? []
          : [
              [{ connected: 'true' }, nodes.connected],
              [{ connected: 'false' }, nodes.unavailable.length],
            ],
    ),
    gauge('clock_skew_seconds', 'Clock of the node that is furthest off.', ({ skew }) =>
      secondsOf(skew?.ms),
    ),
    gauge(
      'certificate_expiry_timestamp_seconds',
      'End of validity of the client certificate.',
      ({ certificateExpiresAt }) => epochSeconds(certificateExpiresAt),
    ),
  ];
}

const secondsOf = (millis: number | undefined): number | undefined =>
  millis === undefined ? undefined : millis / 1_000;

/** Seconds since 1970 as Prometheus counts them, with fractions. */
export const epochSeconds = (time: EpochNanos | undefined): number | undefined =>
  time === undefined ? undefined : Number(time) / 1e9;
