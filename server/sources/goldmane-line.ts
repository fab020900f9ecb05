import type { Clock } from '../lib/clock.ts';
import { unlessAborted } from '../lib/wait.ts';
import type { ReportSource } from './flow-source.ts';
import { FLOWS_SERVICE, flowListRequest, flowStreamRequest } from './goldmane-proto.ts';
import { GOLDMANE } from './transport/grpc-failure.ts';
import { openGrpc, type GrpcConnection, type GrpcStream } from './transport/grpc-stream.ts';
import type { GrpcTls } from './transport/grpc-tls.ts';

export type GoldmaneOptions = {
  readonly name: string;
  /** `host:port`. */
  readonly address: string;
  /** Goldmane speaks no plain text; without, only a proxy before it can be read. */
  readonly tls?: GrpcTls | undefined;
  readonly clock: Clock;
  readonly report: ReportSource;
  /** Silence after which a burst of messages is taken for whole; 2 s unless told. */
  readonly settleMs?: number;
  /** Time between comparisons with Goldmane's own statistics; a minute unless told. */
  readonly statisticsMs?: number;
  /** Time between looks at the TLS files; 10 s unless told. */
  readonly tlsPollMs?: number;
  /** Patience with calls that have one answer; 10 s unless told. */
  readonly callTimeoutMs?: number;
};

/** A channel that has proven to work, and the stream of flows on it. */
export type GoldmaneLine = {
  readonly connection: GrpcConnection;
  readonly stream: GrpcStream;
  /** Harmless when it is closed already. */
  readonly close: () => void;
};

/**
 * Opens a channel, asks for next to nothing, and then for the flows since `startSeconds`. A stream alone would not
 * show that it works: in a quiet cluster it says nothing for as long as it likes. Answers `undefined` when the signal
 * aborts meanwhile.
 */
export async function openGoldmaneLine(
  options: GoldmaneOptions,
  startSeconds: number,
  { onMessage, signal }: { onMessage: (message: Buffer) => void; signal: AbortSignal },
): Promise<GoldmaneLine | undefined> {
  const connection = await openGrpc(options.address, options.tls, GOLDMANE);
  try {
    const probe = flowListRequest.encode({ start_time_gte: '-30', page_size: '1' });
    const timeoutMs = options.callTimeoutMs ?? 10_000;
    const asked = connection.unary(FLOWS_SERVICE.List.path, probe, timeoutMs);
    if ((await unlessAborted(asked, signal)) === undefined) {
      connection.close();
      return undefined;
    }
    const request = flowStreamRequest.encode({ start_time_gte: String(startSeconds) });
    const stream = connection.stream(FLOWS_SERVICE.Stream.path, request, onMessage);
    return {
      connection,
      stream,
      close: () => {
        stream.cancel();
        connection.close();
      },
    };
  } catch (error) {
    connection.close();
    throw error;
  }
}
