import { AppError } from '../core/errors.ts';
import type { Checkpoint, FlowBatch } from '../core/flow.ts';
import { nanos, type EpochNanos } from '../core/time.ts';
import { createSkewWatch, type SkewWatch } from './clock-skew.ts';
import type { FlowSource } from './flow-source.ts';
import { createNodeWatch, type NodeWatch } from './node-watch.ts';
import { createRelayCollector, type RelayCollector } from './relay-collector.ts';
import { openRelayLine, type RelayLine } from './relay-line.ts';
import { openMarks, type RelayMarks } from './relay-marks.ts';
import { createRelayValve, type RelayValve } from './relay-valve.ts';
import type { HubbleRelayOptions } from './relay-options.ts';
import { watchRelay, type RelayWatch } from './relay-watch.ts';
import { watchRotation } from './relay-rotation.ts';

/** How long the first flow of a batch waits for more. */
const BATCH_MS = { least: 40, most: 100 };
/** The error of a node is told up to ten seconds late (reference/hubble.md 6.4). */
const START = 15_000_000_000n;

/** What one line is read into; a successor gets new ones, but for the nodes, which are the same. */
type Turn = {
  readonly line: RelayLine;
  readonly marks: RelayMarks;
  readonly collector: RelayCollector;
  readonly valve: RelayValve;
  readonly openedAt: EpochNanos;
  /** How the turn ended, or what takes over; the first to come counts. */
  outcome: Outcome | undefined;
};

type Outcome =
  | { readonly kind: 'ended' }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'succeeded'; readonly by: RelayLine };

type Common = {
  readonly options: HubbleRelayOptions;
  readonly nodes: NodeWatch;
  readonly skews: SkewWatch;
  readonly signal: AbortSignal;
};

/**
 * Follows Hubble Relay, or one agent. After a restart it resumes at the oldest of the per-node marks less an overlap,
 * and flags batches that may repeat. Relay cannot say what its rings no longer hold, so a node's first flow that is
 * later than its last one seen becomes an `unwatched` gap. When the TLS files change, a new connection takes over
 * from the old one while that still reads.
 */
export function hubbleRelay(options: HubbleRelayOptions): FlowSource {
  const { name, address, report } = options;
  return {
    name,
    kind: 'hubble-relay',
    target: address,
    async *read(after, signal) {
      if (signal.aborted) return;
      report({ state: 'connecting', detail: `connecting to ${address}` });
      const common = { options, nodes: createNodeWatch(name), skews: createSkewWatch(), signal };
      let line = await openRelayLine(options, after, signal);
      let checkpoint = after;
      let turn: Turn | undefined;
      try {
        while (line !== undefined) {
          turn = startTurn(common, line, checkpoint);
          yield* readTurn(common, turn);
          if (turn.outcome?.kind !== 'succeeded') return;
          line = turn.outcome.by;
          checkpoint = turn.marks.checkpoint();
          // What the old line told is stored when this is; from then on, that is what the new one may tell again.
          yield { origin: name, flows: [], gaps: [], rejected: [], checkpoint, mayRepeat: false };
        }
      } finally {
        line?.close();
        if (turn?.outcome?.kind === 'succeeded') turn.outcome.by.close();
      }
    },
  };
}

function startTurn(
  { options, nodes }: Common,
  line: RelayLine,
  checkpoint: Checkpoint | undefined,
): Turn {
  const now = (): EpochNanos => nanos(options.clock.now());
  const openedAt = now();
  const marks = openMarks(checkpoint, openedAt);
  const collector = createRelayCollector({ origin: options.name, marks, nodes, now });
  const valve = createRelayValve({
    collector,
    stream: line.stream,
    patienceMs: options.patienceMs,
  });
  return { line, marks, collector, valve, openedAt, outcome: undefined };
}

/** Reads a line until it ends or its successor stands ready. Throws what it failed with. */
async function* readTurn(common: Common, turn: Turn): AsyncGenerator<FlowBatch> {
  const { options, nodes, signal } = common;
  const { line, collector } = turn;
  const abort = (): void => line.stream.cancel();
  signal.addEventListener('abort', abort, { once: true });
  const watches = startWatches(common, turn);
  try {
    yield* batches(turn, common.skews, watches.tell);
    line.close();
    const outcome = turn.outcome;
    const end = endOfStream(common, turn);
    if (outcome?.kind !== 'succeeded') nodes.closeAll(nanos(options.clock.now()));
    const last = collector.batch('last');
    if (last !== undefined) yield last;
    if (outcome?.kind === 'failed') throw outcome.error;
    if (outcome?.kind === 'ended' && !signal.aborted) throw end;
  } finally {
    watches.stop();
    signal.removeEventListener('abort', abort);
    line.close();
  }
}

/** Begins everything that goes on beside the reading. */
function startWatches(common: Common, turn: Turn): RelayWatch {
  const { options, nodes, skews } = common;
  const { line, collector, marks, valve } = turn;
  let stopped = false;
  const finish = (outcome: Outcome): void => {
    turn.outcome ??= outcome;
    collector.interrupt();
  };
  const fail = (error: unknown): void => finish({ kind: 'failed', error });
  const rotation = watchRotation({
    options,
    fingerprint: line.connection.fingerprint,
    checkpoint: marks.checkpoint,
    onSuccessor: (by) => {
      // Nobody reads what takes over from a line that has ended or is not read any more.
      if (stopped || turn.outcome !== undefined) by.close();
      else finish({ kind: 'succeeded', by });
    },
    onTrouble: () => watch.tell(),
    fail,
  });
  const notes = (): readonly string[] => [rotation.trouble(), valve.note()];
  const watch = watchRelay({ options, line, collector, nodes, skews, notes, fail });
  valve.onChange(watch.tell);
  line.stream.ended.then(() => finish({ kind: 'ended' }), fail);
  line.listen(valve.take);
  return {
    tell: watch.tell,
    stop: () => {
      stopped = true;
      rotation.stop();
      watch.stop();
      valve.close();
    },
  };
}

async function* batches(turn: Turn, skews: SkewWatch, tell: () => void): AsyncGenerator<FlowBatch> {
  const { collector, valve } = turn;
  let waitMs = BATCH_MS.least;
  for (;;) {
    if (turn.outcome === undefined) await collector.ready(waitMs);
    const batch = collector.batch();
    // Asked again after each batch, since the stream may have ended while that was stored.
    const isOver = turn.outcome !== undefined;
    if (batch !== undefined) {
      valve.emptied();
      if (skews.see(batch.flows)) tell();
      const handedAt = performance.now();
      yield batch;
      // A page sees a flow soon while storing is quick; a busy store gets larger batches, which cost less a flow.
      const tookMs = performance.now() - handedAt;
      waitMs = Math.min(BATCH_MS.most, Math.max(BATCH_MS.least, 2 * tookMs));
    }
    if (isOver) return;
  }
}

/**
 * Relay answers a refused request with node errors and a friendly end; without back-off a client would spin. Where no
 * node has told a flow and all say the same, it is our request that is wrong.
 */
function endOfStream({ options, nodes }: Common, { marks, openedAt }: Turn): AppError {
  const { address } = options;
  const nodeError = nodes.failures();
  const isStart = nanos(options.clock.now()) < openedAt + START && !marks.hasSeen();
  if (isStart && nodes.allRefuse()) {
    return new AppError(
      'source-refused',
      `${address}: every node refuses the request of this program, which trying again will not change: ${nodeError}`,
    );
  }
  const why = nodeError === '' ? 'no node is connected to it, or it is restarting' : nodeError;
  return new AppError('source-failed', `${address}: the relay ended the stream: ${why}`);
}
