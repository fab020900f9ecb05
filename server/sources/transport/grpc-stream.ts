import { readFile } from 'node:fs/promises';
import { Client, credentials, Metadata, type ChannelCredentials } from '@grpc/grpc-js';
import { AppError } from '../../core/errors.ts';
import { grpcFailure } from './grpc-failure.ts';

/** Paths of PEM files; read at each connect, since certificates are renewed in place. */
export type GrpcTls = {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Name to expect in the server's certificate, where it is not the host of the address. */
  readonly serverName?: string | undefined;
};

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
  readonly close: () => void;
};

/** A megabyte of credit: +42 % over the 64 KiB default, and 8 MiB is no better (hot-path figures). */
const FLOW_CONTROL_WINDOW = 1024 * 1024;
const RECEIVE_LIMIT = 32 * 1024 * 1024;
/** Servers hang up on clients that ping more often than every five minutes (reference/hubble.md 6.6). */
const KEEPALIVE_MS = 6 * 60_000;

const raw = (bytes: Buffer): Buffer => bytes;

/** Opens a channel of its own; nothing is sent before the first call. Bytes go in and come out as they are. */
export async function openGrpc(address: string, tls: GrpcTls | undefined): Promise<GrpcConnection> {
  const channelCredentials = await readCredentials(tls);
  const client = new Client(address, channelCredentials, {
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
            if (error !== null) reject(grpcFailure(error, address));
            else if (reply === undefined) reject(grpcFailure(new Error('empty answer'), address));
            else resolve(reply);
          },
        );
      }),
    stream: (path, request, onMessage) => openStream(client, address, path, request, onMessage),
    close: () => client.close(),
  };
}

function openStream(
  client: Client,
  address: string,
  path: string,
  request: Buffer,
  onMessage: (message: Buffer) => void,
): GrpcStream {
  const call = client.makeServerStreamRequest(path, raw, raw, request, new Metadata());
  let cancelled = false;
  const ended = new Promise<void>((resolve, reject) => {
    call.on('end', resolve);
    call.on('error', (error) => {
      if (cancelled) resolve();
      else reject(grpcFailure(error, address));
    });
  });
  // Whoever holds the stream looks at `ended` when it comes to that; until then it is not unhandled.
  ended.catch(() => undefined);
  call.on('data', onMessage);
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

async function readCredentials(tls: GrpcTls | undefined): Promise<ChannelCredentials> {
  if (tls === undefined) return credentials.createInsecure();
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    throw new AppError(
      'source-failed',
      'a client certificate and its key go together; one is missing',
    );
  }
  const [ca, key, cert] = await Promise.all([readPem(tls.ca), readPem(tls.key), readPem(tls.cert)]);
  try {
    return credentials.createSsl(ca, key, cert);
  } catch (cause) {
    throw new AppError('source-failed', `the TLS files cannot be used: ${String(cause)}`, {
      cause,
    });
  }
}

async function readPem(path: string | undefined): Promise<Buffer | null> {
  if (path === undefined) return null;
  try {
    return await readFile(path);
  } catch (cause) {
    throw new AppError('source-failed', `the TLS file ${path} cannot be read: ${String(cause)}`, {
      cause,
    });
  }
}
