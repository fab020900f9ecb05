import type { Checkpoint } from '../core/flow.ts';
import { formatTime, nanos } from '../core/time.ts';
import { unlessAborted } from '../lib/wait.ts';
import type { HubbleRelayOptions } from './relay-options.ts';
import {
  getFlowsRequest,
  OBSERVER_SERVICE,
  serverStatusRequest,
  serverStatusResponse,
} from './hubble-proto.ts';
import { openMarks } from './relay-marks.ts';
import { isUnimplemented } from './transport/grpc-failure.ts';
import { openGrpc, type GrpcConnection, type GrpcStream } from './transport/grpc-stream.ts';

/** A channel that has proven to work, and the stream of flows on it. */
export type RelayLine = {
  readonly connection: GrpcConnection;
  readonly stream: GrpcStream;
  /** What the server calls itself; empty when it does not say. */
  readonly version: string;
  /** Resolves with the first message of the stream. */
  readonly alive: Promise<void>;
  /** Hands over the messages from now on. Before the first call the stream waits with its first one. */
  readonly listen: (take: (message: Buffer) => void) => void;
  /** Harmless when it is closed already. */
  readonly close: () => void;
};

/**
 * Opens a channel, asks the server who it is, and asks for the flows since the checkpoint. Answers `undefined` when
 * the signal aborts meanwhile; throws an AppError with the reason when the server cannot be used.
 */
export async function openRelayLine(
  options: HubbleRelayOptions,
  after: Checkpoint | undefined,
  signal: AbortSignal,
): Promise<RelayLine | undefined> {
  const connection = await openGrpc(options.address, options.tls);
  try {
    const version = await unlessAborted(askVersion(options, connection), signal);
    if (version !== undefined) return startLine(connection, version, flowsRequest(options, after));
  } catch (error) {
    connection.close();
    throw error;
  }
  connection.close();
  return undefined;
}

/** Fails at once, and with a reason, where GetFlows would only fail later. Old servers do not know the call. */
export async function askVersion(
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

function startLine(connection: GrpcConnection, version: string, request: Buffer): RelayLine {
  const { promise: alive, resolve: isAlive } = Promise.withResolvers<undefined>();
  const waiting: Buffer[] = [];
  let closed = false;
  let taker: ((message: Buffer) => void) | undefined;
  const stream = connection.stream(OBSERVER_SERVICE.GetFlows.path, request, (message) => {
    if (taker !== undefined) taker(message);
    else {
      waiting.push(message);
      stream.pause();
      isAlive(undefined);
    }
  });
  return {
    connection,
    stream,
    version,
    alive,
    listen: (take) => {
      taker = take;
      for (const message of waiting.splice(0)) take(message);
      stream.resume();
    },
    close: () => {
      if (closed) return;
      closed = true;
      taker = () => undefined;
      stream.cancel();
      connection.close();
    },
  };
}

function flowsRequest(
  { backlog = 1000, clock }: HubbleRelayOptions,
  after: Checkpoint | undefined,
): Buffer {
  const { since } = openMarks(after, nanos(clock.now()));
  return getFlowsRequest.encode(
    since === undefined
      ? { follow: true, number: String(backlog) }
      : { follow: true, since: formatTime(since) },
  );
}
