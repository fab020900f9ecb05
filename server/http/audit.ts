import express, { type Router } from 'express';
import { AppError } from '../core/errors.ts';
import { nanos } from '../core/time.ts';
import { readRange } from '../operations/read-request.ts';
import type { AuditResponse } from './contract.ts';
import { goneSignal } from './gone-signal.ts';
import { choiceParam, fieldsParam, textParam } from './params.ts';
import type { Services } from './services.ts';

const MOST_NAMESPACES = 100;

export function auditRoutes({ analyses, clock }: Services): Router {
  const routes = express.Router();

  routes.get('/audit', async (request, response) => {
    const namespaces = [...new Set(fieldsParam(request, 'ns', ''))].filter(Boolean).sort();
    if (namespaces.length === 0 || namespaces.length > MOST_NAMESPACES)
      throw new AppError(
        'bad-request',
        `ns: name 1 to ${MOST_NAMESPACES} namespaces with commas between, such as ns=shop,payment`,
      );
    const direction = choiceParam(request, 'direction', ['both', 'ingress', 'egress']);
    const audit = await analyses.audit(
      {
        scope: {
          namespaces,
          ways: direction === 'both' ? ['ingress', 'egress'] : [direction],
        },
        within: readRange(textParam(request, 't', 'now-14d..now'), clock),
        now: nanos(clock.now()),
      },
      { signal: goneSignal(response) },
    );
    response.json(audit satisfies AuditResponse);
  });
  return routes;
}
