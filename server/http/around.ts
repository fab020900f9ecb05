import express, { type Router } from 'express';
import { AppError } from '../core/errors.ts';
import { nanos, type EpochNanos, type TimeWindow } from '../core/time.ts';
import { completenessToJson } from '../formats/completeness-json.ts';
import { flowToJson } from '../formats/flow-json.ts';
import { AROUND, flowsAround, type FlowsAround } from '../operations/around.ts';
import { completenessOf } from '../operations/completeness.ts';
import { readRange } from '../operations/read-request.ts';
import { printQuery } from '../query/print.ts';
import type { FlowPage } from '../store/flow-store.ts';
import type { AroundResponse } from './contract.ts';
import { goneSignal } from './gone-signal.ts';
import { choiceParam, numberParam, textParam } from './params.ts';
import type { Services } from './services.ts';

const MAX_AROUND = 500;
const DEFAULT_AROUND = 20;

export function aroundRoutes({ reader, clock }: Services): Router {
  const routes = express.Router();

  routes.get('/flows/:seq/around', async (request, response) => {
    const seq = /^[1-9]\d{0,14}$/.test(request.params.seq) ? Number(request.params.seq) : undefined;
    const within = readRange(textParam(request, 't', 'all'), clock);
    const of = choiceParam(request, 'of', AROUND);
    const limit = numberParam(request, 'limit', { min: 1, max: MAX_AROUND }) ?? DEFAULT_AROUND;
    const around =
      seq === undefined
        ? undefined
        : await flowsAround(reader, seq, {
            ...{ of, limit, signal: goneSignal(response) },
            ...(within === undefined ? {} : { within }),
          });
    if (around === undefined) {
      throw new AppError(
        'not-found',
        `no flow has the number '${request.params.seq}'; it may be past retention`,
      );
    }
    const completeness = await completenessOf(reader, spanOf(around), {
      now: nanos(clock.now()),
      of: 'flows',
    });
    response.json({
      of,
      q: printQuery(around.where),
      flow: flowToJson(around.flow),
      before: sideJson(around.before),
      after: sideJson(around.after),
      completeness: completenessToJson(completeness),
    } satisfies AroundResponse);
  });

  return routes;
}

/** From the first to the last flow that is told. */
function spanOf({ flow, before, after }: FlowsAround): TimeWindow {
  const times = [...before.flows, flow, ...after.flows].map(({ observedAt }) => observedAt);
  const least = (a: EpochNanos, b: EpochNanos): EpochNanos => (a < b ? a : b);
  const most = (a: EpochNanos, b: EpochNanos): EpochNanos => (a > b ? a : b);
  return { from: times.reduce(least), to: nanos(times.reduce(most) + 1n) };
}

const sideJson = ({ flows, next }: FlowPage): AroundResponse['before'] => ({
  flows: flows.map(flowToJson),
  next: next ?? null,
});
