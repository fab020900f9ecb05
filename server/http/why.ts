import express, { type Router } from 'express';
import { AppError } from '../core/errors.ts';
import { dataplaneOf } from '../operations/why/dataplane.ts';
import { createEngines } from '../operations/why/engine-at.ts';
import { explainFlow } from '../operations/why/explain-flow.ts';
import type { WhyResponse } from './contract.ts';
import { goneSignal } from './gone-signal.ts';
import { choiceParam } from './params.ts';
import type { Services } from './services.ts';

const OF = ['then', 'now'] as const;

/** `GET /flows/:seq/why`: why it was let through or dropped, by the policies of its time or by today's. */
export function whyRoutes({ reader, inventory }: Services): Router {
  const routes = express.Router();
  const engines = createEngines();
  routes.get('/flows/:seq/why', async (request, response) => {
    const { seq } = request.params;
    const flow = /^[1-9]\d{0,14}$/.test(seq) ? await reader.find(Number(seq)) : undefined;
    if (flow === undefined)
      throw new AppError('not-found', `no flow has the number '${seq}'; it may be past retention`);
    const explanation = await explainFlow(flow, {
      ...{ reader, inventory, engines, dataplane: dataplaneOf(flow) },
      of: choiceParam(request, 'of', OF),
      signal: goneSignal(response),
    });
    response.json({ seq: flow.seq, ...explanation } satisfies WhyResponse);
  });
  return routes;
}
