import { randomUUID } from 'node:crypto';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { AppError, ERRORS } from '../core/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { Problem } from './contract.ts';

/** express and its file server throw errors that carry an HTTP status: those of the 4xx are the client's. */
function named(error: unknown, path: string): unknown {
  if (error instanceof AppError) return error;
  const status = error instanceof Error && 'status' in error ? error.status : undefined;
  if (status === 404) return new AppError('not-found', `there is no '${path}'`, { cause: error });
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new AppError('bad-request', `'${path}' cannot be read as a request`, { cause: error });
  }
  return error;
}

/** Turns any failure into RFC 9457 problem JSON. What we did not expect says nothing but its request id. */
export function toProblem(error: unknown, requestId: string): Problem {
  if (error instanceof AppError) {
    return {
      type: `urn:dropwise:error:${error.code}`,
      title: ERRORS[error.code].title,
      status: error.status,
      detail: error.detail,
      code: error.code,
      requestId,
      ...error.fields,
    };
  }
  return {
    type: 'urn:dropwise:error:internal',
    title: 'The server failed',
    status: 500,
    detail: `This is a fault of the server. Its log has the cause under request id ${requestId}.`,
    code: 'internal',
    requestId,
  };
}

/** Gives each request the id that its answer and the log share. */
export const requestIds: RequestHandler = (_request, response, next) => {
  const id = randomUUID();
  response.locals['requestId'] = id;
  response.setHeader('X-Request-Id', id);
  next();
};

export function problemHandler(log: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    // Whoever hung up needs no answer, and that his question ended is no failure.
    if (request.socket.destroyed) return;
    const requestId = String(response.locals['requestId']);
    const problem = toProblem(named(error, request.originalUrl), requestId);
    if (problem.status >= 500)
      log.error({ requestId, path: request.path, err: error }, 'request failed');
    if (response.headersSent) {
      next(error);
      return;
    }
    response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  };
}
