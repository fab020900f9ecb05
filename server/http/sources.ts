import express, { type Router } from 'express';
import { formatTime, nanos } from '../core/time.ts';
import { inventorySourceJson } from '../operations/inventory-json.ts';
import { listSources } from '../operations/list-sources.ts';
import { createProducers } from '../operations/producers.ts';
import { sourceJson } from '../operations/source-json.ts';
import type { SourcesResponse } from './contract.ts';
import type { Services } from './services.ts';

export function sourceRoutes({
  reader,
  writer,
  inventory,
  clock,
  demo,
  version,
}: Services): Router {
  const routes = express.Router();
  const producers = createProducers(reader);
  routes.get('/sources', async (_request, response) => {
    const now = nanos(clock.now());
    const sources = await listSources(reader, writer.statuses(), { now, producers });
    const pause = writer.storePause();
    const span = await reader.span();
    response.json({
      sources: sources.map((source) => sourceJson(source, now)),
      inventory: inventory.statuses().map(inventorySourceJson),
      store: {
        flows: sources.reduce((sum, { record }) => sum + (record?.flows ?? 0), 0),
        bytes: writer.size(),
        oldest: span === undefined ? null : formatTime(span.from),
        newest: span === undefined ? null : formatTime(span.to),
        paused: pause === undefined ? null : { ...pause, since: formatTime(pause.since) },
        quarantined: writer.storeStatus().quarantined ?? null,
      },
      demo,
      version,
    } satisfies SourcesResponse);
  });
  return routes;
}
