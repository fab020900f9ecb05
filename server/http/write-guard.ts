import express, { type ErrorRequestHandler, type Request, type RequestHandler } from 'express';
import type { z } from 'zod';
import { AppError } from '../core/errors.ts';
import { isOwnOrigin } from './host-guard.ts';

/** Much more than a mark or a view needs. */
const MAX_BODY = '64kb';

/** What a browser says of a request that our own page made, or that a person typed. */
const OWN_SITES = new Set(['same-origin', 'none']);

/**
 * Stands before every route that changes something. A page of another site can make a browser send requests here, with
 * whatever sign-in the browser holds: such a request is refused by what the browser says of where it comes from. Tools
 * say nothing of it, and hold no sign-in that is not theirs.
 */
export const ownPageOnly: RequestHandler = (request, _response, next) => {
  const site = request.headers['sec-fetch-site'];
  const isOwnSite = site === undefined || OWN_SITES.has(site);
  if (isOwnSite && isOwnOrigin(request)) {
    next();
    return;
  }
  next(
    new AppError(
      'foreign-origin',
      `a page of '${request.headers.origin ?? 'another site'}' may change nothing here; use the page of this server`,
    ),
  );
};

const requireJson: RequestHandler = (request, _response, next) => {
  const isJson = /^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '');
  next(
    isJson
      ? undefined
      : new AppError('bad-request', "the body must be JSON, with 'Content-Type: application/json'"),
  );
};

const explain: ErrorRequestHandler = (error: unknown, _request, _response, next) => {
  next(unreadable(error));
};

/** Reads a JSON body. A form, which other sites can send without being asked first, has another content type. */
export const jsonBody = [
  requireJson,
  express.json({ limit: MAX_BODY, type: 'application/json' }),
  explain,
];

function unreadable(cause: unknown): unknown {
  if (cause instanceof AppError || !(cause instanceof Error) || !('status' in cause)) return cause;
  const why = cause.status === 413 ? `is larger than ${MAX_BODY}` : `is no JSON: ${cause.message}`;
  return new AppError('bad-request', `the body ${why}`, { cause });
}

/** The body as a schema has it, or an AppError `bad-request` that names what is wrong. */
export function readBody<T>(request: Request, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(request.body);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join('.')}: ${message}`,
  );
  throw new AppError('bad-request', faults.join('; '));
}
