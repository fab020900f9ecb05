import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import { AppError } from '../core/errors.ts';

/** Names under which a loopback server may be asked for; any other in `Host` is DNS rebinding. */
const LOOPBACK_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

const hostName = (host: string): string => host.replace(/:\d+$/, '').toLowerCase();

export function isServedHost(request: IncomingMessage): boolean {
  return LOOPBACK_NAMES.has(hostName(request.headers.host ?? ''));
}

/** An origin is ours when it is the very host that the request went to. Tools send none. */
export function isOwnOrigin(request: IncomingMessage): boolean {
  const { origin, host } = request.headers;
  return origin === undefined || origin === `http://${host ?? ''}`;
}

export const hostGuard: RequestHandler = (request, _response, next) => {
  if (isServedHost(request)) {
    next();
    return;
  }
  next(
    new AppError(
      'misdirected-host',
      `'${request.headers.host ?? ''}' is not a name of this server; open it as localhost or 127.0.0.1`,
    ),
  );
};
