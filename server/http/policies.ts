import express, { type Router } from 'express';
import { nanos } from '../core/time.ts';
import { completenessToJson } from '../formats/completeness-json.ts';
import { windowToJson } from '../formats/flow-json.ts';
import { completenessOf } from '../operations/completeness.ts';
import { policyJson } from '../operations/policy-json.ts';
import { minutesOf, policyTotals, wholeMinutes } from '../operations/policy-totals.ts';
import { readRange } from '../operations/read-request.ts';
import { wholeSpan } from '../operations/whole-span.ts';
import type { PoliciesResponse } from './contract.ts';
import { numberParam, textParam } from './params.ts';
import type { Services } from './services.ts';

export function policyRoutes({ reader, clock }: Services): Router {
  const routes = express.Router();
  routes.get('/policies', async (request, response) => {
    const asked = readRange(textParam(request, 't', 'now-24h..now'), clock);
    const buckets = numberParam(request, 'buckets', { min: 1, max: 1_440 }) ?? 24;
    const within = wholeMinutes(asked ?? (await wholeSpan(reader)));
    const policies = await policyTotals(reader, {
      within,
      buckets: Math.min(buckets, minutesOf(within)),
    });
    const completeness = await completenessOf(reader, asked && within, {
      now: nanos(clock.now()),
      of: 'policy-hits',
    });
    response.json({
      range: windowToJson(within),
      policies: policies.map(policyJson),
      completeness: completenessToJson(completeness),
    } satisfies PoliciesResponse);
  });
  return routes;
}
