import { AppError } from '../core/errors.ts';
import type { Checkpoint, FlowBatch } from '../core/flow.ts';
import { formatTime, nanos, type EpochNanos } from '../core/time.ts';
import type { Clock } from '../lib/clock.ts';
import type { FlowSource, ReportSource } from './flow-source.ts';
import {
  getFlowsRequest,
  getNodesRequest,
  getNodesResponse,
  OBSERVER_SERVICE,
  serverStatusRequest,
  serverStatusResponse,
  type GetFlowsRequest,
} from './hubble-proto.ts';
import { createNodeWatch, type NodeWatch } from './node-watch.ts';
import { createRelayCollector, type RelayCollector } from './relay-collector.ts';
import { openMarks, type RelayMarks } from './relay-marks.ts';
import { isUnimplemented } from './transport/grpc-failure.ts';
import {
  openGrpc,
  type GrpcConnection,
  type GrpcStream,
  type GrpcTls,
} from './transport/grpc-stream.ts';
import { WireError } from './wire-reader.ts';

export type HubbleRelayOptions = {
  readonly name: string;
  /** `host:port`. */
  readonly address: string;
  /** Absent: plain text. */
  readonly tls?: GrpcTls | undefined;
  readonly clock: Clock;
  readonly report: ReportSource;
  /** Newest flows per node to ask for on the first start; 1,000 unless told. */
  readonly backlog?: number;
  /** Silence after which the relay is asked whether it is there; a minute unless told. */
  readonly idleMs?: number;
  /** Time between looks at the list of nodes; 30 s unless told. */
  readonly nodePollMs?: number;
  /** Patience with calls that have one answer; 10 s unless told. */
  readonly callTimeoutMs?: number;
};

/** Flows of one commit, and how long the first of them waits for more. */
const BATCH_MS = 200;

/**
 * Follows Hubble Relay. After a restart it resumes at the oldest of the per-node marks less an overlap, and
 * flags batches that may repeat. Relay cannot say what its rings no longer hold, so a node's first flow that is
 * later than its last one seen becomes an `unwatched` gap.
 */
export function hubbleRelay(options: HubbleRelayOptions): FlowSource {
  const { name, address, tls, report } = options;
  return {
    name,
    kind: 'hubble-relay',
    target: address,
    async *read(after, signal) {
      if (signal.aborted) return;
      report({ state: 'connecting', detail: `connecting to ${address}` });
      const connection = await openGrpc(address, tls);
      try {
        yield* follow(options, connection, after, signal);
      } finally {
        connection.close();
      }
    },
  };
}

async function* follow(
  options: HubbleRelayOptions,
  connection: GrpcConnection,
  after: Checkpoint | undefined,
  signal: AbortSignal,
): AsyncGenerator<FlowBatch> {
  const version = await unlessAborted(askVersion(options, connection), signal);
  if (version === undefined) return;
  const now = (): EpochNanos => nanos(options.clock.now());
  const marks = openMarks(after, now());
  const nodes = createNodeWatch(options.name);
  const collector = createRelayCollector({ origin: options.name, marks, nodes, now });
  const stream = connection.stream(
    OBSERVER_SERVICE.GetFlows.path,
    getFlowsRequest.encode(flowsRequest(options, marks)),
    (message) => {
      collector.take(message);
      if (collector.full()) stream.pause();
    },
  );
  const abort = (): void => stream.cancel();
  signal.addEventListener('abort', abort, { once: true });
  const watch = startWatch({ options, connection, collector, nodes, stream, version });
  try {
    yield* batches({ collector, stream, marks, failed: watch.failed });
    const end = endOfStream(options.address, nodes.failures());
    nodes.closeAll(now());
    const last = collector.batch();
    if (last !== undefined) yield last;
    if (!signal.aborted) throw end;
  } finally {
    watch.stop();
    signal.removeEventListener('abort', abort);
    stream.cancel();
  }
}

function flowsRequest({ backlog = 1000 }: HubbleRelayOptions, marks: RelayMarks): GetFlowsRequest {
  return marks.since === undefined
    ? { follow: true, number: String(backlog) }
    : { follow: true, since: formatTime(marks.since) };
}

/** Fails at once, and with a reason, where GetFlows would only fail later. Old servers do not know the call. */
async function askVersion(
  options: HubbleRelayOptions,
  connection: GrpcConnection,
): Promise<string> {
  try {
    const request = serverStatusRequest.encode({});
    const timeoutMs = options.callTimeoutMs ?? 10_000;
    const reply = await connection.unary(OBSERVER_SERVICE.ServerStatus.path, request, timeoutMs);
    return serverStatusResponse.decode(reply).version ?? '';
  } catch (error) {
    if (isUnimplemented(error)) return '';
    throw error;
  }
}

/** Answers `undefined` as soon as the signal aborts; what was asked then no longer matters, nor how it fails. */
async function unlessAborted<T>(asked: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const { promise: aborted, resolve } = Promise.withResolvers<undefined>();
  const stop = (): void => resolve(undefined);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([asked, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Relay answers a refused request with node errors and a friendly end; without back-off a client would spin. */
function endOfStream(address: string, nodeError: string): AppError {
  const why = nodeError === '' ? 'no node is connected to it, or it is restarting' : nodeError;
  return new AppError('source-failed', `${address}: the relay ended the stream: ${why}`);
}

async function* batches(parts: {
  readonly collector: RelayCollector;
  readonly stream: GrpcStream;
  readonly marks: RelayMarks;
  readonly failed: Promise<never>;
}): AsyncGenerator<FlowBatch> {
  const { collector, stream } = parts;
  const ended = stream.ended.then(() => 'ended' as const);
  const over = Promise.race([ended, parts.failed]);
  over.catch(() => undefined);
  for (;;) {
    const state = await Promise.race([over, collector.ready(BATCH_MS)]).catch((error: unknown) => ({
      error,
    }));
    const batch = collector.batch();
    if (batch !== undefined) yield batch;
    if (typeof state === 'object') throw state.error;
    if (state === 'ended') return;
    stream.resume();
  }
}

type Watch = { readonly failed: Promise<never>; readonly stop: () => void };

/** Looks at the nodes from time to time, and whether a silent relay is still there (fault 55). */
function startWatch(parts: {
  readonly options: HubbleRelayOptions;
  readonly connection: GrpcConnection;
  readonly collector: RelayCollector;
  readonly nodes: NodeWatch;
  readonly stream: GrpcStream;
  readonly version: string;
}): Watch {
  const { options, connection, collector, nodes, version } = parts;
  const { idleMs = 60_000, nodePollMs = 30_000 } = options;
  /** Relay calls itself so, an agent that is read directly gives a bare number. */
  const named = version === '' || version.includes('relay') ? version : `version ${version}`;
  /** Why the list of nodes could not be had; empty when it could. */
  let unlisted = '';
  const tell = (): void => {
    const detail = [nodes.failures(), unlisted, named].filter((text) => text !== '').join('; ');
    options.report({ state: 'reading', detail, nodes: nodes.state() });
  };
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  failed.catch(() => undefined);

  let nodesKnown = true;
  let stopped = false;
  const pollNodes = async (): Promise<void> => {
    try {
      if (nodesKnown) nodesKnown = await readNodes(options, connection, nodes);
      unlisted = '';
    } catch (error) {
      // The list is an extra: while flows come, that it cannot be had is told and ends nothing.
      if (!(error instanceof AppError) && !(error instanceof WireError)) throw error;
      unlisted = `the nodes cannot be listed: ${error.message}`;
    }
    if (!stopped) tell();
  };
  const probe = async (): Promise<void> => {
    if (collector.silentMs() < idleMs) return;
    await askVersion(options, connection);
    collector.heard();
  };
  collector.onNews(tell);
  tell();
  pollNodes().catch(fail);
  const timers = [
    setInterval(() => void pollNodes().catch(fail), nodePollMs),
    setInterval(() => void probe().catch(fail), Math.max(20, idleMs / 4)),
  ];
  return {
    failed,
    stop: () => {
      stopped = true;
      for (const timer of timers) clearInterval(timer);
    },
  };
}

/** Answers whether the server knows the call. Relay adds nodes to a stream silently, so the list is asked for. */
async function readNodes(
  options: HubbleRelayOptions,
  connection: GrpcConnection,
  nodes: NodeWatch,
): Promise<boolean> {
  try {
    const request = getNodesRequest.encode({});
    const timeoutMs = options.callTimeoutMs ?? 10_000;
    const reply = await connection.unary(OBSERVER_SERVICE.GetNodes.path, request, timeoutMs);
    const at = nanos(options.clock.now());
    for (const { name = '', state } of getNodesResponse.decode(reply).nodes ?? []) {
      if (state === 'NODE_CONNECTED') nodes.connected(name, at);
      else if (state === 'NODE_UNAVAILABLE' || state === 'NODE_ERROR') nodes.unavailable(name, at);
    }
    return true;
  } catch (error) {
    if (isUnimplemented(error)) return false;
    throw error;
  }
}
