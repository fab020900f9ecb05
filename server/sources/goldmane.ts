import { AppError } from '../core/errors.ts';
import type { Checkpoint, Flow, FlowBatch, Gap } from '../core/flow.ts';
import { nanos } from '../core/time.ts';
import { createGoldmaneBytesDecoder, type GoldmaneBytes } from './decode/goldmane-bytes.ts';
import { asInteger } from './decode/loose-json.ts';
import type { FlowSource } from './flow-source.ts';
import { createGoldmaneCheck, type GoldmaneCheck } from './goldmane-check.ts';
import { createGoldmaneInbox, type GoldmaneInbox } from './goldmane-inbox.ts';
import { openGoldmaneLine, type GoldmaneLine, type GoldmaneOptions } from './goldmane-line.ts';
import { openGoldmaneMark, type GoldmaneMark } from './goldmane-mark.ts';
import { createRejections } from './rejections.ts';
import { tlsFingerprint } from './transport/grpc-tls.ts';

/** A reader that makes Goldmane wait is passed over for the rest of a bucket, after five seconds in old versions. */
const MOST_WAITED_MS = 4_000;

/** What belongs to one connection. */
type Turn = {
  readonly options: GoldmaneOptions;
  readonly line: GoldmaneLine;
  readonly inbox: GoldmaneInbox;
  readonly mark: GoldmaneMark;
  readonly check: GoldmaneCheck;
  readonly decode: ReturnType<typeof createGoldmaneBytesDecoder>;
};

/**
 * Follows Goldmane, which holds an hour: the first start takes that, a later one goes on at the last bucket read and
 * two before it, and the store drops what it has. What Goldmane no longer holds becomes an `unwatched` gap. When the TLS
 * files change, or the store was too slow for a reader that must not wait, the stream is asked for again from the mark,
 * which loses nothing.
 */
export function goldmane(options: GoldmaneOptions): FlowSource {
  const { name, address, report } = options;
  return {
    name,
    kind: 'goldmane',
    target: address,
    async *read(after, signal) {
      let checkpoint = after;
      while (!signal.aborted) {
        report({ state: 'connecting', detail: `connecting to ${address}` });
        const turn = await openTurn(options, checkpoint, signal);
        if (turn === undefined) return;
        yield* readTurn(turn, signal);
        checkpoint = turn.mark.checkpoint() ?? checkpoint;
      }
    },
  };
}

async function openTurn(
  options: GoldmaneOptions,
  checkpoint: Checkpoint | undefined,
  signal: AbortSignal,
): Promise<Turn | undefined> {
  const mark = openGoldmaneMark(checkpoint);
  const inbox = createGoldmaneInbox({ settleMs: options.settleMs ?? 2_000 });
  const line = await openGoldmaneLine(options, mark.startSeconds, {
    onMessage: inbox.push,
    signal,
  });
  if (line === undefined) return undefined;
  inbox.onHold((isHeld) => (isHeld ? line.stream.pause() : line.stream.resume()));
  const decode = createGoldmaneBytesDecoder({ origin: options.name });
  return { options, line, inbox, mark, check: createGoldmaneCheck(), decode };
}

/** How a connection ended, where it did not end by itself. */
type Outcome = { failure: Error | undefined; isRotated: boolean };

/** Reads a connection until it is to be made anew. Throws what it failed with. */
async function* readTurn(turn: Turn, signal: AbortSignal): AsyncGenerator<FlowBatch> {
  const { options, line, inbox, mark, check } = turn;
  const outcome: Outcome = { failure: undefined, isRotated: false };
  const end = (): void => {
    line.close();
    inbox.end();
  };
  const fail = (error: unknown): void => {
    outcome.failure ??= error instanceof Error ? error : new Error(String(error));
    end();
  };
  line.stream.ended.then(inbox.end, fail);
  signal.addEventListener('abort', end, { once: true });
  const stopWatching = watch(turn, {
    fail,
    rotated: () => {
      outcome.isRotated = true;
      end();
    },
  });
  try {
    for (;;) {
      const news = await inbox.next();
      if (news === 'ended') break;
      if (news === 'quiet') {
        const gap = mark.settle(options.name);
        check.settle();
        yield batchOf(turn, [], gap === undefined ? [] : [gap]);
        continue;
      }
      yield batchOf(turn, inbox.take(), []);
      refuseStall(options, inbox.waitedMs());
    }
    if (outcome.failure !== undefined) throw outcome.failure;
    if (!outcome.isRotated && !signal.aborted) {
      throw new AppError('source-failed', `${options.address}: Goldmane ended the stream`);
    }
  } finally {
    signal.removeEventListener('abort', end);
    stopWatching();
    end();
  }
}

/** Tells how it goes, compares counts, and looks at the TLS files. Answers with what ends that. */
function watch(
  { options, line, check }: Turn,
  on: { readonly fail: (error: unknown) => void; readonly rotated: () => void },
): () => void {
  const { tls, callTimeoutMs = 10_000, statisticsMs = 60_000, tlsPollMs = 10_000 } = options;
  const { connection } = line;
  let isStopped = false;
  const tell = (detail: string): void => {
    if (isStopped) return;
    const expiry = connection.certificateExpiresAt;
    const certificate = expiry === undefined ? {} : { certificateExpiresAt: expiry };
    options.report({ state: 'reading', detail, ...certificate });
  };
  const compare = async (): Promise<void> => tell(await check.compare(connection, callTimeoutMs));
  const lookAtFiles = async (): Promise<void> => {
    if (tls === undefined) return;
    const found = await tlsFingerprint(tls).catch((error: unknown) => {
      // A file that is being replaced is there again at the next look.
      if (error instanceof AppError) return connection.fingerprint;
      throw error;
    });
    if (found !== connection.fingerprint) on.rotated();
  };
  tell('');
  const timers = [
    setInterval(() => void compare().catch(on.fail), statisticsMs),
    setInterval(() => void lookAtFiles().catch(on.fail), tlsPollMs),
  ];
  return () => {
    isStopped = true;
    for (const timer of timers) clearInterval(timer);
  };
}

function batchOf(turn: Turn, messages: readonly Buffer[], gaps: readonly Gap[]): FlowBatch {
  const { options, mark, check, decode } = turn;
  const receivedAt = nanos(options.clock.now());
  const rejections = createRejections();
  const flows: Flow[] = [];
  for (const message of messages) {
    const decoded = decode(message, receivedAt);
    if (!decoded.ok) rejections.add(decoded.reason, message);
    else {
      flows.push(decoded.flow);
      check.add(decoded.told);
      mark.see(startOf(decoded));
    }
  }
  return {
    origin: options.name,
    flows,
    gaps,
    rejected: rejections.take(),
    checkpoint: mark.checkpoint(),
    mayRepeat: mark.mayRepeat(),
  };
}

const startOf = ({ told }: Extract<GoldmaneBytes, { readonly ok: true }>): number =>
  asInteger(told['start_time']) ?? 0;

function refuseStall({ address }: GoldmaneOptions, waitedMs: number): void {
  if (waitedMs < MOST_WAITED_MS) return;
  throw new AppError(
    'source-failed',
    `${address}: storing took ${Math.round(waitedMs / 1000)} s, and Goldmane may have passed over flows meanwhile; ` +
      'they are read again',
  );
}
