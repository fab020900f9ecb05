import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import express, { type Express } from 'express';
import { parse as parseYaml } from 'yaml';
import { AppError } from '../core/errors.ts';
import { aroundRoutes } from './around.ts';
import { auditRoutes } from './audit.ts';
import { checkRoutes } from './checks.ts';
import { compareRoutes } from './compare.ts';
import { dropRoutes } from './drops.ts';
import { exportRoutes } from './export.ts';
import { flowRoutes } from './flows.ts';
import { hostGuard } from './host-guard.ts';
import { attachLiveSocket } from './live-socket.ts';
import { markRoutes } from './marks.ts';
import { metricsRoute } from './metrics.ts';
import { pageRoutes } from './page.ts';
import { policyRoutes } from './policies.ts';
import { problemHandler, requestIds } from './problems.ts';
import { securityHeaders } from './security-headers.ts';
import type { Services } from './services.ts';
import { sourceRoutes } from './sources.ts';
import { summaryRoutes } from './summary.ts';
import { viewRoutes } from './views.ts';
import { whyRoutes } from './why.ts';

export type HttpOptions = {
  readonly services: Services;
  /** Folder of the built page; `undefined` serves the API alone. */
  readonly pageDirectory: string | undefined;
};

/** `server` does not listen yet. Disposing closes it with all its connections and viewers. */
export type HttpServer = AsyncDisposable & { readonly server: Server };

/** The HTTP and WebSocket server. */
export function createHttpServer({ services, pageDirectory }: HttpOptions): HttpServer {
  const server = createServer(createApp({ services, pageDirectory }));
  const live = attachLiveSocket(server, services);
  return {
    server,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      live[Symbol.dispose]();
      server.closeAllConnections();
      await closed;
    },
  };
}

function createApp({ services, pageDirectory }: HttpOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.use(requestIds, securityHeaders, hostGuard);
  app.get('/livez', (_request, response) => {
    response.type('text').send('ok\n');
  });
  app.get('/readyz', async (_request, response) => {
    // Migrations ran before anything listened. A source that is down does not make the server unready.
    await services.writer.checkWritable();
    const { quarantined } = services.writer.storeStatus();
    const note =
      quarantined === undefined
        ? ''
        : `the store was damaged (${quarantined.why}) and is kept as ${quarantined.file}; a new one was begun\n`;
    response.type('text').send(`ok\n${note}`);
  });
  app.use(metricsRoute(services));
  const openapi: unknown = parseYaml(
    readFileSync(new URL('../../docs/openapi.yaml', import.meta.url), 'utf8'),
  );
  app.get('/api/v1/openapi.json', (_request, response) => {
    response.json(openapi);
  });
  app.use(
    '/api/v1',
    flowRoutes(services),
    exportRoutes(services),
    aroundRoutes(services),
    auditRoutes(services),
    checkRoutes(services),
    summaryRoutes(services),
    compareRoutes(services),
    dropRoutes(services),
    markRoutes(services),
    policyRoutes(services),
    sourceRoutes(services),
    viewRoutes(services),
    whyRoutes(services),
  );
  app.use('/api', (request) => {
    throw new AppError(
      'not-found',
      `there is no '${request.originalUrl}'; /api/v1/openapi.json lists what there is`,
    );
  });
  if (pageDirectory !== undefined) app.use(pageRoutes(pageDirectory));
  app.use(problemHandler(services.log));
  return app;
}
