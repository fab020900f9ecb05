import express, { type Router } from 'express';
import { createMetrics, type Metric } from '../lib/metrics.ts';
import { processMetrics } from './metrics-process.ts';
import { sourceMetrics } from './metrics-source.ts';
import type { Services } from './services.ts';

/** Every metric of ours; docs/metrics.md lists the same. Those of the process come on top. */
export const ownMetrics = (services: Services): readonly Metric[] => [
  ...sourceMetrics(services),
  ...processMetrics(services),
];

/** `/metrics` in the text format of Prometheus. A scrape reads memory only: it waits for no disk and no query. */
export function metricsRoute(services: Services): Router {
  const routes = express.Router();
  const metrics = createMetrics(ownMetrics(services));
  routes.get('/metrics', async (_request, response) => {
    response.set('Cache-Control', 'no-store');
    // Not `type`, which would add a second charset.
    response.setHeader('Content-Type', metrics.contentType);
    response.end(await metrics.render());
  });
  return routes;
}
