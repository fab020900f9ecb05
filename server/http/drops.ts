import express, { type Router } from 'express';
import { nanos } from '../core/time.ts';
import { completenessToJson } from '../formats/completeness-json.ts';
import { gapToJson, windowToJson } from '../formats/flow-json.ts';
import { completenessOf } from '../operations/completeness.ts';
import { readQuery, readRange } from '../operations/read-request.ts';
import { wholeSpan } from '../operations/whole-span.ts';
import type { DropsResponse } from './contract.ts';
import { dropGroupToJson } from './live-frames.ts';
import { numberParam, textParam } from './params.ts';
import type { Services } from './services.ts';

const MAX_TOP = 1_000;
const DEFAULT_TOP = 100;

export function dropRoutes({ reader, clock }: Services): Router {
  const routes = express.Router();

  routes.get('/drops', async (request, response) => {
    const { where, q } = readQuery(textParam(request, 'q', ''));
    const asked = readRange(textParam(request, 't', 'now-15m..now'), clock);
    const within = asked ?? (await wholeSpan(reader));
    const asOf = numberParam(request, 'asof', { min: 0, max: Number.MAX_SAFE_INTEGER });
    const { groups, others, head } = await reader.dropGroups({
      where,
      within,
      top: numberParam(request, 'top', { min: 1, max: MAX_TOP }) ?? DEFAULT_TOP,
      ...(asOf === undefined ? {} : { asOf }),
    });
    const gaps = await reader.gaps(within);
    const completeness = await completenessOf(reader, asked, {
      now: nanos(clock.now()),
      of: 'drops',
    });
    response.json({
      q,
      range: windowToJson(within),
      groups: groups.map(dropGroupToJson),
      others,
      head,
      gaps: gaps.map(gapToJson),
      completeness: completenessToJson(completeness),
    } satisfies DropsResponse);
  });

  return routes;
}
