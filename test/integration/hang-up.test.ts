import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, test, vi } from 'vitest';
import { createHttpServer } from '../../server/http/server.ts';
import { createLogger } from '../../server/lib/log.ts';
import type { FlowReader } from '../../server/store/flow-store.ts';
import { openApi } from '../support/api.ts';

test('who hangs up ends his question, and nothing is logged as a failure', async () => {
  await using api = await openApi();
  const asked = Promise.withResolvers<AbortSignal>();
  const log = createLogger('silent');
  const failure = vi.spyOn(log, 'error');
  const reader: FlowReader = {
    ...api.store,
    page: (_, { signal }) =>
      new Promise((_resolve, reject) => {
        if (signal === undefined) throw new Error('nobody could end this question');
        signal.addEventListener('abort', () => reject(signal.reason as Error));
        asked.resolve(signal);
      }),
  };
  const services = { ...api.services, reader, log };
  await using http = createHttpServer({ services, pageDirectory: undefined });
  http.server.listen(0, '127.0.0.1');
  await once(http.server, 'listening');
  const url = `http://127.0.0.1:${(http.server.address() as AddressInfo).port}/api/v1`;

  const client = new AbortController();
  const answer = fetch(`${url}/flows`, { signal: client.signal });
  const signal = await asked.promise;
  const ended = once(signal, 'abort');
  expect(signal.aborted).toBe(false);
  client.abort();

  await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
  await ended;
  expect((await fetch(`${url}/drops`)).status).toBe(200);
  expect(failure).not.toHaveBeenCalled();
});
