import express, { type Request, type Response, type Router } from 'express';
import { z } from 'zod';
import { AppError } from '../core/errors.ts';
import { formatTime, nanos } from '../core/time.ts';
import { readQuery, readRange } from '../operations/read-request.ts';
import type { SavedView } from '../store/control/control-store.ts';
import type { SavedViewJson, SavedViewResponse, SavedViewsResponse } from './contract.ts';
import type { Services } from './services.ts';
import { jsonBody, ownPageOnly, readBody } from './write-guard.ts';

const ID = /^[a-z0-9][a-z0-9-]{0,63}$/;

const viewBody = z.strictObject({
  name: z.string().trim().min(1, 'a view needs a name').max(80),
  query: z.string().max(2_048),
  t: z.string().max(100),
  cols: z.array(z.string().regex(/^[a-z][a-z0-9.-]{0,39}$/, 'a column is a short word')).max(40),
  sort: z.string().regex(/^(-?[a-z]{1,40})?$/, "a column's name, '-' in front: descending"),
  shared: z.boolean().default(false),
});

export function viewRoutes({ control, clock }: Pick<Services, 'control' | 'clock'>): Router {
  const routes = express.Router();

  routes.get('/views', (_request, response) => {
    response.json({ views: control.views().map(viewToJson) } satisfies SavedViewsResponse);
  });

  routes.put('/views/:id', ownPageOnly, jsonBody, (request: Request, response: Response) => {
    const id = readId(String(request.params['id']));
    const { name, query, t, cols, sort, shared } = readBody(request, viewBody);
    readRange(t, clock);
    const now = nanos(clock.now());
    const saved = control.saveView({
      ...{ id, name, query: readQuery(query).q, t, cols: cols.join(','), sort, shared },
      ...{ createdAt: now, updatedAt: now },
    });
    response.json({ view: viewToJson(saved) } satisfies SavedViewResponse);
  });

  routes.delete('/views/:id', ownPageOnly, (request, response) => {
    const id = readId(String(request.params['id']));
    if (!control.removeView(id)) throw new AppError('not-found', `there is no view '${id}'`);
    response.status(204).end();
  });

  return routes;
}

function readId(id: string): string {
  if (ID.test(id)) return id;
  throw new AppError(
    'bad-request',
    `'${id.slice(0, 100)}' is no id of a view: up to 64 small letters, digits and hyphens`,
  );
}

const viewToJson = ({ createdAt, updatedAt, cols, ...view }: SavedView): SavedViewJson => ({
  ...view,
  cols: cols === '' ? [] : cols.split(','),
  createdAt: formatTime(createdAt),
  updatedAt: formatTime(updatedAt),
});
