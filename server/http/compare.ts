import express, { type Router } from 'express';
import { nanos } from '../core/time.ts';
import { compare, windowBefore } from '../operations/compare.ts';
import { comparisonToJson } from '../operations/compare-json.ts';
import { readQuery, readRange } from '../operations/read-request.ts';
import { wholeSpan } from '../operations/whole-span.ts';
import type { CompareResponse } from './compare-contract.ts';
import { goneSignal } from './gone-signal.ts';
import { fieldsParam, numberParam, textParam } from './params.ts';
import type { Services } from './services.ts';

export function compareRoutes({ reader, clock }: Services): Router {
  const routes = express.Router();

  routes.get('/compare', async (request, response) => {
    const { where, q } = readQuery(textParam(request, 'q', ''));
    const by = fieldsParam(request, 'by', 'from.wl,to.wl');
    const current =
      readRange(textParam(request, 't', 'now-1h..now'), clock) ?? (await wholeSpan(reader));
    const other = textParam(request, 'with', '');
    const baseline =
      other === '' ? windowBefore(current) : (readRange(other, clock) ?? (await wholeSpan(reader)));
    const comparison = await compare(reader, {
      ...{ where, by, current, baseline },
      top: numberParam(request, 'top', { min: 1, max: 1_000 }) ?? 100,
      now: nanos(clock.now()),
      signal: goneSignal(response),
    });
    response.json({ by, q, ...comparisonToJson(comparison) } satisfies CompareResponse);
  });

  return routes;
}
