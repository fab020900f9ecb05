import express, { type Request, type Router } from 'express';
import { AppError } from '../core/errors.ts';
import { parseDuration } from '../core/time-range.ts';
import { formatTime, nanos, parseTime, type EpochNanos } from '../core/time.ts';
import { completenessToJson } from '../formats/completeness-json.ts';
import { windowToJson } from '../formats/flow-json.ts';
import { completenessOf } from '../operations/completeness.ts';
import { listPolicies } from '../operations/policies/list-policies.ts';
import { podPolicies } from '../operations/policies/pod-policies.ts';
import { createPolicyDesk, type PoliciesQuery } from '../operations/policies/policies.ts';
import { showPolicy } from '../operations/policies/show-policy.ts';
import { minutesOf, wholeMinutes } from '../operations/policy-totals.ts';
import { readRange } from '../operations/read-request.ts';
import { wholeSpan } from '../operations/whole-span.ts';
import type { PodPoliciesResponse } from '../operations/policies/policy-shapes.ts';
import type { PoliciesResponse, PolicyResponse } from './contract.ts';
import { numberParam, textParam } from './params.ts';
import type { Services } from './services.ts';

export function policyRoutes({ reader, clock, inventory }: Services): Router {
  const routes = express.Router();
  const desk = createPolicyDesk({ reader, inventory });

  const asked = async (request: Request) => {
    const now = nanos(clock.now());
    const asOf = timeParam(request, 'asof');
    // A range that moves with the clock ends at the time that is asked about.
    const range = readRange(textParam(request, 't', 'now-24h..now'), {
      ...clock,
      now: () => asOf ?? now,
    });
    const within = wholeMinutes(range ?? (await wholeSpan(reader)));
    const buckets = numberParam(request, 'buckets', { min: 1, max: 1_440 }) ?? 24;
    const query: PoliciesQuery = {
      ...{ within, now, asOf, windowMs: durationParam(request, 'window', '90d') },
      buckets: Math.min(buckets, minutesOf(within)),
    };
    const completeness = await completenessOf(reader, range && within, { now, of: 'policy-hits' });
    const shared = {
      range: windowToJson(within),
      completeness: completenessToJson(completeness),
    };
    return { query, shared };
  };

  routes.get('/policies', async (request, response) => {
    const { query, shared } = await asked(request);
    const listed = await listPolicies(desk, query);
    response.json({ ...shared, ...listed } satisfies PoliciesResponse);
  });

  routes.get('/policies/:kind/:ns/:name', async (request, response) => {
    const { kind, ns, name } = request.params;
    const { query, shared } = await asked(request);
    const shown = await showPolicy(desk, { kind, namespace: ns === '-' ? '' : ns, name }, query);
    response.json({ ...shared, ...shown } satisfies PolicyResponse);
  });

  routes.get('/pods/:ns/:name/policies', async (request, response) => {
    const { ns, name } = request.params;
    const asOf = timeParam(request, 'asof');
    const snapshot = asOf === undefined ? inventory.current() : await inventory.asOf(asOf);
    const policies = podPolicies(desk.book, snapshot, { namespace: ns, name });
    if (policies === undefined)
      throw new AppError('not-found', `the inventory of that time holds no pod '${ns}/${name}'`);
    response.json({ at: formatTime(snapshot.at), policies } satisfies PodPoliciesResponse);
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
