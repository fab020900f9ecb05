import express, { type Request, type Router } from 'express';
import { AppError } from '../core/errors.ts';
import { parseDuration } from '../core/time-range.ts';
import { nanos, parseTime, type EpochNanos } from '../core/time.ts';
import type { PodPoliciesResponse } from '../operations/policies/policy-shapes.ts';
import { readRange } from '../operations/read-request.ts';
import type { PoliciesResponse, PolicyResponse } from './contract.ts';
import { goneSignal } from './gone-signal.ts';
import { numberParam, textParam } from './params.ts';
import type { Services } from './services.ts';

export function policyRoutes({ analyses, clock }: Services): Router {
  const routes = express.Router();

  const asked = (request: Request) => {
    const now = nanos(clock.now());
    const asOf = timeParam(request, 'asof');
    // A range that moves with the clock ends at the time that is asked about.
    const within = readRange(textParam(request, 't', 'now-24h..now'), {
      ...clock,
      now: () => asOf ?? now,
    });
    const buckets = numberParam(request, 'buckets', { min: 1, max: 1_440 }) ?? 24;
    return { within, buckets, now, asOf, windowMs: durationParam(request, 'window', '90d') };
  };

  routes.get('/policies', async (request, response) => {
    const signal = goneSignal(response);
    const listed = await analyses.listPolicies(asked(request), { signal });
    response.json(listed satisfies PoliciesResponse);
  });

  routes.get('/policies/:kind/:ns/:name', async (request, response) => {
    const { kind, ns, name } = request.params;
    const path = { kind, namespace: ns === '-' ? '' : ns, name };
    const signal = goneSignal(response);
    const shown = await analyses.showPolicy({ ...asked(request), path }, { signal });
    response.json(shown satisfies PolicyResponse);
  });

  routes.get('/pods/:ns/:name/policies', async (request, response) => {
    const { ns, name } = request.params;
    const pod = { namespace: ns, name: name === '-' ? '' : name };
    const told = await analyses.podPolicies(
      {
        ...pod,
        workload: textParam(request, 'workload', ''),
        asOf: timeParam(request, 'asof'),
      },
      { signal: goneSignal(response) },
    );
    response.json(told satisfies PodPoliciesResponse);
  });
  return routes;
}

/** A moment as RFC 3339; `undefined` when the parameter is absent. */
function timeParam(request: Request, name: string): EpochNanos | undefined {
  const text = textParam(request, name, '');
  if (text === '') return undefined;
  const at = parseTime(text);
  if (at !== undefined) return at;
  throw new AppError('bad-time', `${name}: '${text}' is no moment such as 2026-11-23T10:00:00Z`);
}

function durationParam(request: Request, name: string, fallback: string): number {
  const text = textParam(request, name, fallback);
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  throw new AppError('bad-time', `${name}: '${text}' is no duration such as 90d`);
}
