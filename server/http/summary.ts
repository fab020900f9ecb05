import express, { type Router } from 'express';
import { nanos } from '../core/time.ts';
import { completenessToJson } from '../formats/completeness-json.ts';
import { gapToJson, windowToJson } from '../formats/flow-json.ts';
import { summaryRowToJson } from '../operations/summary-json.ts';
import { completenessOf } from '../operations/completeness.ts';
import { readQuery, readRange } from '../operations/read-request.ts';
import { wholeSpan } from '../operations/whole-span.ts';
import type { SummaryResponse } from './contract.ts';
import { fieldsParam, numberParam, textParam } from './params.ts';
import type { Services } from './services.ts';

export function summaryRoutes({ reader, clock }: Services): Router {
  const routes = express.Router();

  routes.get('/summary', async (request, response) => {
    const { where, q } = readQuery(textParam(request, 'q', ''));
    const asked = readRange(textParam(request, 't', 'now-15m..now'), clock);
    const within = asked ?? (await wholeSpan(reader));
    const by = fieldsParam(request, 'by', '');
    const asOf = numberParam(request, 'asof', { min: 0, max: Number.MAX_SAFE_INTEGER });
    const summary = await reader.summarize({
      where,
      within,
      ...(asOf === undefined ? {} : { asOf }),
      by,
      buckets: numberParam(request, 'buckets', { min: 1, max: 2_000 }) ?? 1,
      top: numberParam(request, 'top', { min: 1, max: 1_000 }) ?? 20,
    });
    const gaps = await reader.gaps(within);
    const completeness = await completenessOf(reader, asked, {
      now: nanos(clock.now()),
      of: 'flows',
    });
    response.json({
      by,
      q,
      range: windowToJson(within),
      rows: summary.rows.map(summaryRowToJson),
      groups: summary.groups,
      untold: summary.untold,
      head: summary.head,
      gaps: gaps.map(gapToJson),
      completeness: completenessToJson(completeness),
    } satisfies SummaryResponse);
  });

  return routes;
}
