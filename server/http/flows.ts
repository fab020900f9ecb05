import express, { type Router } from 'express';
import { AppError } from '../core/errors.ts';
import { formatTime, nanos } from '../core/time.ts';
import { completenessToJson } from '../formats/completeness-json.ts';
import { flowToJson, gapToJson, windowToJson } from '../formats/flow-json.ts';
import { completenessOf } from '../operations/completeness.ts';
import { readQuery, readRange } from '../operations/read-request.ts';
import { showFlow } from '../operations/show-flow.ts';
import type { FlowResponse, FlowsResponse } from './contract.ts';
import { goneSignal } from './gone-signal.ts';
import { choiceParam, numberParam, textParam } from './params.ts';
import type { Services } from './services.ts';

const MAX_SEQ = Number.MAX_SAFE_INTEGER;
const MAX_PAGE = 1_000;
const DEFAULT_PAGE = 200;
const MAX_WORK_MS = 10_000;

export function flowRoutes({ reader, clock }: Services): Router {
  const routes = express.Router();

  routes.get('/flows', async (request, response) => {
    const { where, q } = readQuery(textParam(request, 'q', ''));
    const within = readRange(textParam(request, 't', 'all'), clock);
    const after = numberParam(request, 'after', { min: 0, max: MAX_SEQ });
    const asOf = numberParam(request, 'asof', { min: 0, max: MAX_SEQ });
    const workMs = numberParam(request, 'work', { min: 1, max: MAX_WORK_MS });
    const page = await reader.page(
      {
        where,
        ...(within === undefined ? {} : { within }),
        ...(asOf === undefined ? {} : { asOf }),
      },
      {
        limit: numberParam(request, 'limit', { min: 1, max: MAX_PAGE }) ?? DEFAULT_PAGE,
        order: choiceParam(request, 'order', ['newest', 'oldest']),
        ...(after === undefined ? {} : { after }),
        ...(workMs === undefined ? {} : { workMs }),
        signal: goneSignal(response),
      },
    );
    const now = nanos(clock.now());
    // Only now: a gap that was told with the newest of these flows must not be missing.
    const [gaps, completeness] = await Promise.all([
      reader.gaps(within ?? { from: nanos(0n), to: now }),
      completenessOf(reader, within, { now, of: 'flows' }),
    ]);
    response.json({
      flows: page.flows.map(flowToJson),
      next: page.next ?? null,
      searching:
        page.searching === undefined
          ? null
          : { left: page.searching.left, at: formatTime(page.searching.at) },
      head: page.head,
      q,
      range: within === undefined ? null : windowToJson(within),
      gaps: gaps.map(gapToJson),
      completeness: completenessToJson(completeness),
    } satisfies FlowsResponse);
  });

  routes.get('/flows/:seq', async (request, response) => {
    const seq = /^\d{1,15}$/.test(request.params.seq) ? Number(request.params.seq) : 0;
    const shown = seq > 0 ? await showFlow(reader, seq) : undefined;
    if (shown === undefined) {
      throw new AppError(
        'not-found',
        /^\d+\.\d+$/.test(request.params.seq)
          ? 'this flow was shown while nothing could be stored; look for it by its time'
          : `no flow has the number '${request.params.seq}'; it may be past retention`,
      );
    }
    const { format, bytes } = shown.flow.raw;
    response.json({
      flow: flowToJson(shown.flow),
      raw: { format, record: shown.record, bytes: Buffer.from(bytes).toString('base64') },
    } satisfies FlowResponse);
  });

  return routes;
}
