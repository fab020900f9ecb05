import type { Flow, FlowBatch, Gap } from '../core/flow.ts';
import { NANOS_PER_MILLI, type EpochNanos } from '../core/time.ts';
import { createFastHubbleDecoder } from './decode/hubble-bytes.ts';
import type { NodeStatus } from './decode/hubble-news.ts';
import { createFlowQueue } from './flow-queue.ts';
import { createLosses, foldGaps } from './fold-gaps.ts';
import type { NodeWatch } from './node-watch.ts';
import { createRejections } from './rejections.ts';
import { earlier, OVERLAP, type RelayMarks } from './relay-marks.ts';

/** Gathers the messages of one connection into batches. */
export type RelayCollector = {
  readonly take: (message: Buffer) => void;
  /** Whether a whole batch is there and the stream should wait; what comes all the same makes others go. */
  readonly full: () => boolean;
  /** Whether what waits may be stored already, so that what is left out of it could not be counted. */
  readonly mayRepeat: () => boolean;
  /** Resolves when there is a batch: a full one at once, any other when its first flow is `waitMs` old. */
  readonly ready: (waitMs: number) => Promise<'ready'>;
  /** Lets whoever waits for `ready` go on: the stream has ended, or is about to. */
  readonly interrupt: () => void;
  /**
   * What was gathered; `undefined` when that is nothing. Losses that the nodes count are told once a second, and
   * at once in the `last` batch of a stream.
   */
  readonly batch: (which?: 'last') => FlowBatch | undefined;
  /** Milliseconds since the last message. */
  readonly silentMs: () => number;
  readonly heard: () => void;
  /** Calls the listener when the state of a node may have changed. */
  readonly onNews: (listener: () => void) => void;
};

const BATCH_FLOWS = 16_384;

export function createRelayCollector(options: {
  readonly origin: string;
  readonly marks: RelayMarks;
  readonly nodes: NodeWatch;
  readonly now: () => EpochNanos;
}): RelayCollector {
  const { origin, marks, nodes, now } = options;
  const decode = createFastHubbleDecoder({ origin });
  const rejections = createRejections();
  const queue = createFlowQueue({ origin, limit: BATCH_FLOWS, mayBeStored: marks.mayRepeat });
  const losses = createLosses();
  let missed: Gap[] = [];
  let mayRepeat = false;
  const resumed = new Set<string>();
  let lastMessageAt = now();
  let wake: (() => void) | undefined;
  let interrupt: () => void = () => undefined;
  let news: () => void = () => undefined;

  const takeFlow = (flow: Flow): void => {
    if (flow.timeFrom === 'record' && !resumed.has(flow.node)) {
      resumed.add(flow.node);
      const gap = missedSince(marks, flow, origin);
      if (gap !== undefined) missed.push(gap);
    }
    if (marks.mayRepeat(flow)) mayRepeat = true;
    marks.see(flow);
    if (nodes.flowSeen(flow.node, earlier(flow.observedAt, flow.receivedAt))) news();
    queue.push(flow);
  };
  const takeStatus = ({ state, nodes: names, message }: NodeStatus, at: EpochNanos): void => {
    for (const name of names) {
      if (state === 'NODE_CONNECTED') nodes.connected(name, at);
      else if (state === 'NODE_UNAVAILABLE') nodes.unavailable(name, at);
      else if (state === 'NODE_ERROR') nodes.failed(name, message, at);
    }
    news();
  };

  return {
    take: (message) => {
      const receivedAt = now();
      lastMessageAt = receivedAt;
      const result = decode(message, receivedAt);
      if (!result.ok) rejections.add(result.reason, message);
      else if (result.kind === 'flow') takeFlow(result.flow);
      else if (result.kind === 'node-status') takeStatus(result.status, receivedAt);
      else losses.add(result.gap);
      if (wake !== undefined) wake();
    },
    full: queue.full,
    mayRepeat: () => mayRepeat,
    ready: (waitMs) =>
      new Promise((resolve) => {
        let timer: NodeJS.Timeout | undefined;
        const look = (): void => {
          if (queue.full()) done();
          else if (timer === undefined && queue.size() + losses.size() + rejections.size() > 0) {
            timer = setTimeout(done, waitMs);
          }
        };
        const done = (): void => {
          clearTimeout(timer);
          wake = undefined;
          interrupt = () => undefined;
          resolve('ready');
        };
        wake = look;
        interrupt = done;
        look();
      }),
    interrupt: () => interrupt(),
    batch: (which) => {
      const rejected = rejections.take();
      const { flows, shed } = queue.take();
      const counted = losses.take(now(), which === 'last');
      const gaps = [...foldGaps([...missed, ...nodes.takeGaps()]), ...counted, ...shed];
      if (flows.length + gaps.length + rejected.length === 0) return undefined;
      const repeats = mayRepeat;
      missed = [];
      mayRepeat = false;
      return {
        origin,
        flows,
        gaps,
        rejected,
        checkpoint: flows.length + shed.length === 0 ? undefined : marks.checkpoint(),
        mayRepeat: repeats,
        ...(repeats && marks.repeatsFrom !== undefined ? { repeatsFrom: marks.repeatsFrom } : {}),
      };
    },
    silentMs: () => Number((now() - lastMessageAt) / NANOS_PER_MILLI),
    heard: () => {
      lastMessageAt = now();
    },
    onNews: (listener) => {
      news = listener;
    },
  };
}

/**
 * What nobody saw of a node between two connections. The resume point lies before the node's mark, so a node that
 * still holds what it told last tells that again; a first flow that is later shows that its ring has moved on.
 */
function missedSince(marks: RelayMarks, first: Flow, origin: string): Gap | undefined {
  const { node, observedAt, receivedAt } = first;
  const from = marks.newestBefore(node);
  if (from === undefined || observedAt <= from + OVERLAP) return undefined;
  // What the future holds nobody has missed yet.
  const to = earlier(observedAt, receivedAt);
  if (to <= from) return undefined;
  return {
    kind: 'unwatched',
    origin,
    node,
    from,
    to,
    count: undefined,
    reason: 'relay disconnected',
  };
}
