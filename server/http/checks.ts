import express, { type Router } from 'express';
import { AppError } from '../core/errors.ts';
import { nanos } from '../core/time.ts';
import { completenessToJson } from '../formats/completeness-json.ts';
import { completenessOf } from '../operations/completeness.ts';
import { checkDrop, CHECKED_SPAN } from '../operations/drop-checks/check-drop.ts';
import type { ChecksResponse } from './contract.ts';
import { goneSignal } from './gone-signal.ts';
import type { Services } from './services.ts';

export function checkRoutes({ reader, clock }: Services): Router {
  const routes = express.Router();

  routes.get('/flows/:seq/checks', async (request, response) => {
    const seq = /^[1-9]\d{0,14}$/.test(request.params.seq) ? Number(request.params.seq) : 0;
    const now = nanos(clock.now());
    const checked = await checkDrop({ reader, signal: goneSignal(response) }, seq, now);
    if (checked === undefined) {
      throw new AppError(
        'not-found',
        `no dropped flow has the number '${request.params.seq}'; it may be past retention, or was not dropped`,
      );
    }
    const { flow, findings, harm } = checked;
    const within = {
      from: nanos(flow.observedAt - CHECKED_SPAN),
      to: nanos(flow.observedAt + 1n),
    };
    const completeness = await completenessOf(reader, within, { now, of: 'flows' });
    response.json({
      seq: flow.seq,
      findings,
      harm,
      completeness: completenessToJson(completeness),
    } satisfies ChecksResponse);
  });

  return routes;
}
