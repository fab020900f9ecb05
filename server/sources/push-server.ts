import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { AppError } from '../core/errors.ts';
import type { PushTlsSetting } from '../core/source-setting.ts';
import { tlsFingerprint } from './transport/grpc-tls.ts';

/** A body that somebody pushes, and the answer that they wait for. */
export type PushDelivery = {
  readonly body: AsyncIterable<Buffer>;
  readonly answer: (status: 200 | 400 | 503, words: Readonly<Record<string, unknown>>) => void;
};

export type PushServer = AsyncDisposable & {
  /** `host:port`, with the port that was bound. */
  readonly address: string;
  /** Bodies one after the other, until the signal aborts. */
  readonly deliveries: (signal: AbortSignal) => AsyncIterable<PushDelivery>;
};

export type PushServerOptions = {
  readonly listen: string;
  readonly tls: PushTlsSetting;
  /** Time between looks at the TLS files. */
  readonly tlsPollMs: number;
  /** Hears of somebody who was not let in, and of TLS files that cannot be used. */
  readonly onTrouble: (words: string) => void;
};

/** One is read, so many wait; an emitter has one body under way. */
const MOST_WAITING = 4;
/** A body waits while another is stored. */
const IDLE_MS = 120_000;
const WHOLE_REQUEST_MS = 15 * 60_000;

/**
 * An HTTPS server that takes bodies from clients with a certificate of `clientCa` only. A body is read no faster than
 * whoever takes it reads, so its size does not matter.
 */
export async function openPushServer(options: PushServerOptions): Promise<PushServer> {
  const { tls, tlsPollMs, onTrouble } = options;
  const waiting: PushDelivery[] = [];
  let wake: () => void = () => undefined;
  let known = await fingerprintOf(tls);
  const server = createTlsServer(await readContext(tls));
  server.on('tlsClientError', ({ message }: Error) => {
    onTrouble(`a client was not let in: ${message}`);
  });
  server.on('request', (request, response) => {
    const delivery = openDelivery(request, response, waiting.length >= MOST_WAITING);
    if (delivery === undefined) return;
    waiting.push(delivery);
    wake();
  });
  await listen(server, options.listen);
  const renew = async (): Promise<void> => {
    const found = await fingerprintOf(tls);
    if (found === known) return;
    server.setSecureContext(await readContext(tls));
    known = found;
  };
  const timer = setInterval(() => {
    // Files that are being replaced are whole at the next look; until then the ones before serve on.
    renew().catch((error: unknown) => {
      onTrouble(`the TLS files have changed and cannot be used: ${String(error)}`);
    });
  }, tlsPollMs);
  const { address, port } = server.address() as AddressInfo;
  return {
    address: `${address.includes(':') ? `[${address}]` : address}:${port}`,
    async *deliveries(signal) {
      const stop = (): void => wake();
      signal.addEventListener('abort', stop);
      try {
        while (!signal.aborted) {
          const delivery = waiting.shift();
          if (delivery !== undefined) yield delivery;
          else {
            await new Promise<void>((resolve) => {
              wake = resolve;
              if (signal.aborted) resolve();
            });
          }
        }
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function createTlsServer(context: TlsContext): Server {
  try {
    const server = createServer({
      ...context,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      requestTimeout: WHOLE_REQUEST_MS,
    });
    server.timeout = IDLE_MS;
    return server;
  } catch (cause) {
    throw new AppError('source-failed', `the TLS files cannot be used: ${String(cause)}`, {
      cause,
    });
  }
}

/** Answers at once what is no push, or one too many; `undefined` then. */
function openDelivery(
  request: IncomingMessage,
  response: ServerResponse,
  isBusy: boolean,
): PushDelivery | undefined {
  const answer = (status: number, words: object): void => {
    response.writeHead(status, {
      'content-type': 'application/json',
      ...(status === 503 ? { 'retry-after': '1' } : {}),
    });
    response.end(`${JSON.stringify(words)}\n`);
  };
  const encoding = request.headers['content-encoding'] ?? 'identity';
  const refusal =
    request.method !== 'POST'
      ? ([405, 'flows are pushed with POST'] as const)
      : encoding !== 'identity'
        ? ([415, `content-encoding ${encoding} is not read; push plain lines`] as const)
        : isBusy
          ? ([503, 'other bodies are waiting; push again'] as const)
          : undefined;
  // A body that breaks off is known where it is read; nobody else has to hear of it.
  request.on('error', () => undefined);
  if (refusal === undefined) return { body: request as AsyncIterable<Buffer>, answer };
  request.resume();
  answer(refusal[0], { error: refusal[1] });
  return undefined;
}

const fingerprintOf = ({ cert, key, clientCa }: PushTlsSetting): Promise<string> =>
  tlsFingerprint({ cert, key, ca: clientCa });

type TlsContext = { readonly cert: Buffer; readonly key: Buffer; readonly ca: Buffer };

async function readContext({ cert, key, clientCa }: PushTlsSetting): Promise<TlsContext> {
  const [certPem, keyPem, ca] = await Promise.all([
    readFile(cert),
    readFile(key),
    readFile(clientCa),
  ]);
  return { cert: certPem, key: keyPem, ca };
}

async function listen(server: Server, address: string): Promise<void> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  try {
    server.listen(Number(address.slice(colon + 1)), host);
    await once(server, 'listening');
  } catch (cause) {
    throw new AppError('source-failed', `${address} cannot be listened on: ${String(cause)}`, {
      cause,
    });
  }
}
