import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, test, vi } from 'vitest';
import { createHttpServer } from '../../server/http/server.ts';
import type { Services } from '../../server/http/services.ts';
import { createLogger } from '../../server/lib/log.ts';
import type { Analyses, Asking } from '../../server/operations/analyses.ts';
import type { FlowReader } from '../../server/store/flow-store.ts';
import { openApi } from '../support/api.ts';

/** Asks a server over `services`, hangs up as soon as the question has come to whoever answers it. */
async function hangUp(
  services: Services,
  path: string,
  asked: Promise<AbortSignal>,
): Promise<number> {
  await using http = createHttpServer({ services, pageDirectory: undefined });
  http.server.listen(0, '127.0.0.1');
  await once(http.server, 'listening');
  const url = `http://127.0.0.1:${(http.server.address() as AddressInfo).port}/api/v1`;

  const client = new AbortController();
  const answer = fetch(`${url}/${path}`, { signal: client.signal });
  const signal = await asked;
  const ended = once(signal, 'abort');
  expect(signal.aborted).toBe(false);
  client.abort();

  await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
  await ended;
  return (await fetch(`${url}/drops`)).status;
}

/** Answers nothing until the signal aborts. */
function neverAnswered() {
  const asked = Promise.withResolvers<AbortSignal>();
  const ask = (signal: AbortSignal | undefined): Promise<never> =>
    new Promise((_resolve, reject) => {
      if (signal === undefined) throw new Error('nobody could end this question');
      signal.addEventListener('abort', () => reject(signal.reason as Error));
      asked.resolve(signal);
    });
  return { asked: asked.promise, ask };
}

test('who hangs up ends his question, and nothing is logged as a failure', async () => {
  await using api = await openApi();
  const log = createLogger('silent');
  const failure = vi.spyOn(log, 'error');
  const { asked, ask } = neverAnswered();
  const reader: FlowReader = { ...api.store, page: (_, { signal }) => ask(signal) };
  expect(await hangUp({ ...api.services, reader, log }, 'flows', asked)).toBe(200);
  expect(failure).not.toHaveBeenCalled();
});

test.each([
  ['explain', 'flows/1/why'],
  ['listPolicies', 'policies'],
  ['showPolicy', 'policies/NetworkPolicy/shop/web'],
  ['podPolicies', 'pods/shop/web-1/policies'],
])('who hangs up ends the analysis %s', async (name, path) => {
  await using api = await openApi();
  const log = createLogger('silent');
  const failure = vi.spyOn(log, 'error');
  const { asked, ask } = neverAnswered();
  const analyses: Analyses = {
    ...api.services.analyses,
    [name]: (_: unknown, { signal }: Asking) => ask(signal),
  };
  expect(await hangUp({ ...api.services, analyses, log }, path, asked)).toBe(200);
  expect(failure).not.toHaveBeenCalled();
});
