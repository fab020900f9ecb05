import express, { type Router } from 'express';
import { AppError } from '../core/errors.ts';
import type { WhyResponse } from './contract.ts';
import { goneSignal } from './gone-signal.ts';
import { choiceParam } from './params.ts';
import type { Services } from './services.ts';

const OF = ['then', 'now'] as const;

/** `GET /flows/:seq/why`: why it was let through or dropped, by the policies of its time or by today's. */
export function whyRoutes({ analyses }: Services): Router {
  const routes = express.Router();
  routes.get('/flows/:seq/why', async (request, response) => {
    const { seq } = request.params;
    if (!/^[1-9]\d{0,14}$/.test(seq))
      throw new AppError('not-found', `no flow has the number '${seq}'; it may be past retention`);
    const explanation = await analyses.explain(
      { seq: Number(seq), of: choiceParam(request, 'of', OF) },
      { signal: goneSignal(response) },
    );
    response.json(explanation satisfies WhyResponse);
  });
  return routes;
}
