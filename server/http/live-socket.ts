import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { isOwnOrigin, isServedHost } from './host-guard.ts';
import { encodeFrame } from './live-frames.ts';
import { parseLiveRequest } from './live-request.ts';
import { createLiveSession } from './live-session.ts';
import { toProblem } from './problems.ts';
import type { Services } from './services.ts';

const PATH = '/api/v1/live';
const MAX_MESSAGE_BYTES = 64 * 1024;
const PING_MS = 20_000;
const GOING_AWAY = 1001;
const CLOSE_WITHIN_MS = 1_000;
/** A peer whose socket holds this much unsent is slow: it gets no rows until it drains. */
const SLOW_BYTES = 1024 * 1024;

/** Answers WebSocket upgrades on `/api/v1/live` until disposed; contract.ts has the frames. */
export function attachLiveSocket(server: Server, services: Services): Disposable {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
  });
  server.on('upgrade', (request, socket, head) => {
    // A peer may reset at any moment, and an error that nobody hears would end the process.
    socket.on('error', (error) => services.log.debug({ err: error }, 'upgrade broke off'));
    const refusal = refuse(request);
    if (refusal !== undefined) {
      rejectUpgrade(socket, refusal);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (peer) => serve(peer, request, services));
  });
  return {
    [Symbol.dispose]() {
      sockets.close();
      for (const peer of sockets.clients) {
        peer.close(GOING_AWAY, 'the server stops');
        // What is queued is sent; a peer that does not answer the close is not waited for.
        setTimeout(() => peer.terminate(), CLOSE_WITHIN_MS).unref();
      }
    },
  };
}

function refuse(request: IncomingMessage): string | undefined {
  if (!isServedHost(request)) return '421 Misdirected Request';
  if (!isOwnOrigin(request)) return '403 Forbidden';
  return urlOf(request)?.pathname === PATH ? undefined : '404 Not Found';
}

/** `null` when the request names something that is no URL, such as `//`. */
const urlOf = (request: IncomingMessage): URL | null =>
  URL.parse(request.url ?? '', 'http://localhost');

function rejectUpgrade(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function serve(peer: WebSocket, request: IncomingMessage, services: Services): void {
  const fail = (error: unknown): void => {
    const requestId = randomUUID();
    const problem = toProblem(error, requestId);
    if (problem.status >= 500) services.log.error({ requestId, err: error }, 'live viewer failed');
    peer.send(encodeFrame({ kind: 'error', problem }));
  };
  const session = createLiveSession({
    services,
    send: (text) => peer.send(text),
    isSlow: () => peer.bufferedAmount > SLOW_BYTES,
  });
  let answered = true;
  const ping = setInterval(() => {
    if (!answered) peer.terminate();
    answered = false;
    peer.ping();
  }, PING_MS);

  peer.on('pong', () => {
    answered = true;
  });
  peer.on('message', (data: Buffer) => {
    try {
      session.receive(parseLiveRequest(data.toString('utf8')));
    } catch (error) {
      fail(error);
    }
  });
  peer.on('error', (error) => {
    services.log.info({ err: error }, 'live viewer broke off');
  });
  peer.on('close', () => {
    clearInterval(ping);
    session[Symbol.dispose]();
  });

  try {
    session.start(urlOf(request)?.searchParams.get('q') ?? '');
  } catch (error) {
    fail(error);
  }
}
