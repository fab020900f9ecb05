import { single, type Metric } from '../lib/metrics.ts';
import type { ReadLoad } from '../store/flow-store.ts';
import { epochSeconds } from './metrics-source.ts';
import type { Services } from './services.ts';

/** Metrics of the store, of who reads it, of live viewers, and of the build. */
export function processMetrics(services: Services): readonly Metric[] {
  const { readLoad, analysisLoad } = services;
  return [
    ...storeMetrics(services),
    ...evaluationMetrics(services),
    ...poolMetrics('reader', 'answer questions', readLoad),
    ...poolMetrics('analysis', 'weigh policies', analysisLoad),
    ...liveMetrics(services),
  ];
}

const gauge = (name: string, help: string, value: () => number | undefined): Metric => ({
  name: `dropwise_${name}`,
  help,
  type: 'gauge',
  labels: [],
  read: () => single(value()),
});

const counter = (name: string, help: string, value: () => number): Metric => ({
  ...gauge(name, help, value),
  type: 'counter',
});

function storeMetrics({ writer, clock, version }: Services): readonly Metric[] {
  const status = writer.storeStatus;
  return [
    {
      name: 'dropwise_build_info',
      help: 'Always 1; its labels say what runs.',
      type: 'gauge',
      labels: ['version', 'node_version'],
      read: () => [{ labels: { version, node_version: process.version }, value: 1 }],
    },
    gauge('store_bytes', 'Store on disk, write-ahead log included.', writer.size),
    gauge('store_wal_bytes', 'Write-ahead log.', () => status().walBytes),
    gauge('store_blocks', 'Column blocks.', () => status().blocks),
    gauge('store_head_seq', 'Sequence number of the newest flow.', () => status().head),
    gauge(
      'store_checkpoint_age_seconds',
      'Time since the write-ahead log was last copied into the database.',
      () => {
        const at = epochSeconds(status().checkpointedAt);
        return at === undefined ? undefined : Math.max(0, Number(clock.now()) / 1e9 - at);
      },
    ),
    gauge(
      'store_paused',
      '1 while nothing can be stored, for want of space or a disk that fails.',
      () => (writer.storePause() === undefined ? 0 : 1),
    ),
    gauge(
      'store_quarantined',
      '1 where the database was found damaged when this server started, and was put aside.',
      () => (status().quarantined === undefined ? 0 : 1),
    ),
    gauge('store_oldest_flow_timestamp_seconds', 'Observation of the oldest flow kept.', () =>
      epochSeconds(status().oldestAt),
    ),
  ];
}

function evaluationMetrics({ attribution }: Services): readonly Metric[] {
  const { progress } = attribution;
  return [
    gauge(
      'evaluated_until_timestamp_seconds',
      'Hits that no record names are evaluated of all that was stored until then.',
      () => epochSeconds(progress().until),
    ),
    gauge(
      'evaluation_behind_flows',
      'Stored flows that were not looked at for it yet.',
      () => progress().behind,
    ),
  ];
}

/** Of a pool of processes that answer questions. */
function poolMetrics(name: string, what: string, load: () => ReadLoad): readonly Metric[] {
  return [
    gauge(`${name}_processes`, `Processes that ${what}.`, () => load().processes),
    gauge(`${name}_busy_processes`, 'Those that are at work.', () => load().busy),
    gauge(`${name}_waiting_questions`, 'Questions that wait.', () => load().waiting),
    {
      name: `dropwise_${name}_questions_total`,
      help: 'Questions that ended, by how. Those timed out ended with their process.',
      type: 'counter',
      labels: ['outcome'],
      read: () => {
        const { answered, failed, timedOut, givenUp, refused } = load().ended;
        return Object.entries({
          answered,
          failed,
          timed_out: timedOut,
          given_up: givenUp,
          refused,
        }).map(([outcome, value]) => ({ labels: { outcome }, value }));
      },
    },
  ];
}

function liveMetrics({ hub }: Services): readonly Metric[] {
  return [
    gauge('live_viewers', 'Viewers of the live stream.', () => hub.subscribers),
    counter(
      'live_shed_rows_total',
      'Rows other than drops that viewers were not sent; they were counted for them.',
      () => hub.losses.rowsShed,
    ),
    counter(
      'live_lost_drop_rows_total',
      'Drops whose rows viewers were not sent; their groups and counts were.',
      () => hub.losses.dropRowsLost,
    ),
    counter(
      'live_untold_flows_total',
      'Stored flows of which viewers were told nothing, because this process was far behind.',
      () => hub.losses.untold,
    ),
  ];
}
