import express, { type Request, type Response, type Router } from 'express';
import { z } from 'zod';
import { markHolds, type DropMark } from '../core/drop-state.ts';
import { AppError } from '../core/errors.ts';
import { formatTime, nanos, parseTime, type EpochNanos } from '../core/time.ts';
import type { ControlStore } from '../store/control/control-store.ts';
import type { DropMarkJson, DropMarkResponse } from './contract.ts';
import type { Services } from './services.ts';
import { jsonBody, ownPageOnly, readBody } from './write-guard.ts';

/** As long as the longest key that names of Kubernetes can make, twice over. */
const MAX_KEY = 4_096;
/** Both ends, port, protocol, direction and reason; policies may follow. */
const KEY_PARTS = 6;
const MAX_NOTE = 500;

const markBody = z.strictObject({
  note: z.string().max(MAX_NOTE).default(''),
  until: z.string().nullable().default(null),
});

export function markRoutes({ control, clock }: Pick<Services, 'control' | 'clock'>): Router {
  const routes = express.Router();

  routes.put('/drops/:key/mark', ownPageOnly, jsonBody, (request: Request, response: Response) => {
    const key = readKey(String(request.params['key']));
    const { note, until } = readBody(request, markBody);
    const now = nanos(clock.now());
    const mark: DropMark = {
      key,
      acknowledgedAt: now,
      until: until === null ? undefined : readUntil(until, now),
      note: note.trim(),
      who: '',
    };
    control.saveMark(mark);
    response.json({ mark: markToJson(mark) } satisfies DropMarkResponse);
  });

  routes.delete('/drops/:key/mark', ownPageOnly, (request, response) => {
    if (!control.removeMark(readKey(String(request.params['key'])))) {
      throw new AppError('not-found', 'this drop group has no mark');
    }
    response.status(204).end();
  });

  return routes;
}

/** The marks that hold now by the key of their group, or why they are not known; then all groups have none. */
export function knownMarks(
  control: ControlStore,
  now: EpochNanos,
): { readonly marks: ReadonlyMap<string, DropMark>; readonly problem: string | undefined } {
  try {
    const holding = control.marks().filter((mark) => markHolds(mark, now));
    return { marks: new Map(holding.map((mark) => [mark.key, mark])), problem: control.notice };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { marks: new Map(), problem: error.detail };
  }
}

export const markToJson = ({ acknowledgedAt, until, note, who }: DropMark): DropMarkJson => ({
  acknowledgedAt: formatTime(acknowledgedAt),
  until: until === undefined ? null : formatTime(until),
  note,
  who,
});

function readKey(key: string): string {
  if (key.length <= MAX_KEY && key.split('|').length >= KEY_PARTS) return key;
  throw new AppError(
    'bad-request',
    `'${key.slice(0, 100)}' is no key of a drop group; take it from an answer of /api/v1/drops`,
  );
}

function readUntil(text: string, now: EpochNanos): EpochNanos {
  const until = parseTime(text);
  if (until !== undefined && until > now) return until;
  throw new AppError(
    'bad-request',
    until === undefined
      ? `until: '${text}' is no time such as 2026-05-03T10:00:00Z, and not null`
      : `until: '${text}' is over already`,
  );
}
