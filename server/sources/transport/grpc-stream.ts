import { Client, Metadata } from '@grpc/grpc-js';
import { formatTime, millisFromNanos, type EpochNanos } from '../../core/time.ts';
import { grpcFailure, type GrpcPeer } from './grpc-failure.ts';
import { loadTls, type GrpcTls } from './grpc-tls.ts';

export type GrpcStream = {
  /** Stops asking the network for more; what is already here still arrives. */
  readonly pause: () => void;
  readonly resume: () => void;
  readonly cancel: () => void;
  /** Resolves when the server ends the stream with OK or it was cancelled; rejects with an AppError. */
  readonly ended: Promise<void>;
};

export type GrpcConnection = {
  /** Rejects with an AppError `source-failed`. */
  readonly unary: (path: string, request: Buffer, timeoutMs: number) => Promise<Buffer>;
  readonly stream: (
    path: string,
    request: Buffer,
    onMessage: (message: Buffer) => void,
  ) => GrpcStream;
  /** Hash of the TLS files that it was made with; empty without TLS. */
  readonly fingerprint: string;
  /** End of validity of the client certificate; `undefined` where there is none. */
  readonly certificateExpiresAt: EpochNanos | undefined;
  readonly close: () => void;
};

/** A megabyte of credit: +42 % over the 64 KiB default, and 8 MiB is no better (hot-path figures). */
const FLOW_CONTROL_WINDOW = 1024 * 1024;
const RECEIVE_LIMIT = 32 * 1024 * 1024;
/** Servers hang up on clients that ping more often than every five minutes (reference/hubble.md 6.6). */
const KEEPALIVE_MS = 6 * 60_000;

const raw = (bytes: Buffer): Buffer => bytes;

/** Opens a channel of its own; nothing is sent before the first call. Bytes go in and come out as they are. */
export async function openGrpc(
  address: string,
  tls: GrpcTls | undefined,
  peer?: GrpcPeer,
): Promise<GrpcConnection> {
  const loaded = await loadTls(tls);
  const fail = (error: unknown): Error =>
    grpcFailure(error, address, {
      note: expiryNote(loaded.expiresAt),
      ...(peer === undefined ? {} : { peer }),
    });
  const client = new Client(address, loaded.credentials, {
    'grpc.max_receive_message_length': RECEIVE_LIMIT,
    'grpc-node.flow_control_window': FLOW_CONTROL_WINDOW,
    'grpc.keepalive_time_ms': KEEPALIVE_MS,
    'grpc.keepalive_permit_without_calls': 0,
    'grpc.enable_retries': 0,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.service_config_disable_resolution': 1,
    // A relay is in the cluster or behind a port-forward; proxies of the environment are for the web.
    'grpc.enable_http_proxy': 0,
    ...(tls?.serverName === undefined
      ? {}
      : {
          'grpc.ssl_target_name_override': tls.serverName,
          'grpc.default_authority': tls.serverName,
        }),
  });
  return {
    unary: (path, request, timeoutMs) =>
      new Promise((resolve, reject) => {
        const deadline = Date.now() + timeoutMs;
        client.makeUnaryRequest(
          path,
          raw,
          raw,
          request,
          new Metadata(),
          { deadline },
          (error, reply) => {
            if (error !== null) reject(fail(error));
            else if (reply === undefined) reject(fail(new Error('empty answer')));
            else resolve(reply);
          },
        );
      }),
    stream: (path, request, onMessage) => openStream({ client, fail, path, request, onMessage }),
    fingerprint: loaded.fingerprint,
    certificateExpiresAt: loaded.expiresAt,
    close: () => client.close(),
  };
}

/** Servers say no more than that they refuse a certificate, or nothing at all. */
function expiryNote(expiresAt: EpochNanos | undefined): string {
  if (expiresAt === undefined || millisFromNanos(expiresAt) > Date.now()) return '';
  return `the client certificate given for it expired at ${formatTime(expiresAt).slice(0, 19)}Z; renew it`;
}

function openStream(parts: {
  readonly client: Client;
  readonly fail: (error: unknown) => Error;
  readonly path: string;
  readonly request: Buffer;
  readonly onMessage: (message: Buffer) => void;
}): GrpcStream {
  const { client, path, request } = parts;
  const call = client.makeServerStreamRequest(path, raw, raw, request, new Metadata());
  let cancelled = false;
  const ended = new Promise<void>((resolve, reject) => {
    call.on('end', resolve);
    call.on('error', (error) => {
      if (cancelled) resolve();
      else reject(parts.fail(error));
    });
  });
  // Whoever holds the stream looks at `ended` when it comes to that; until then it is not unhandled.
  ended.catch(() => undefined);
  call.on('data', parts.onMessage);
  return {
    pause: () => call.pause(),
    resume: () => call.resume(),
    cancel: () => {
      cancelled = true;
      call.cancel();
    },
    ended,
  };
}
