import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import express, { type Router } from 'express';

const NONCE_MARK = '__STYLE_NONCE__';

/** Serves the built page. Every path of a screen answers the same document; the page reads the URL. */
export function pageRoutes(directory: string): Router {
  const routes = express.Router();
  const document = readFileSync(join(directory, 'index.html'), 'utf8');
  routes.use(
    '/assets',
    express.static(join(directory, 'assets'), {
      immutable: true,
      maxAge: '1y',
      fallthrough: false,
    }),
  );
  routes.use(express.static(directory, { index: false }));
  routes.get(/^\/(?!api\/|livez$|readyz$)/, (_request, response) => {
    response
      .type('html')
      .set('Cache-Control', 'no-store')
      .send(document.replaceAll(NONCE_MARK, String(response.locals['styleNonce'])));
  });
  return routes;
}
