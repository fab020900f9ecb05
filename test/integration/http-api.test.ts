import { Ajv2020 } from 'ajv/dist/2020.js';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PolicyHit } from '../../server/core/flow.ts';
import { nanos } from '../../server/core/time.ts';
import type { DropsResponse, PoliciesResponse } from '../../server/http/contract.ts';
import { manifestFiles } from '../../server/inventory/manifest-files.ts';
import { systemClock } from '../../server/lib/clock.ts';
import { openApi, type TestApi } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { aDrop, aFlow, batchOf } from '../support/flow.ts';

const HIT: PolicyHit = {
  policy: { kind: 'CiliumNetworkPolicy', namespace: 'shop', name: 'redis', tier: '' },
  direction: 'ingress',
  action: 'allow',
  stage: 'enforced',
  matched: 'policy',
  rule: -1,
};

type OpenApi = {
  paths: Record<
    string,
    Record<string, { responses: Record<string, { content?: Record<string, { schema: object }> }> }>
  >;
};

let api: TestApi;
let openapi: OpenApi;
const ajv = new Ajv2020({ strict: false });

beforeAll(async () => {
  const path = join(import.meta.dirname, '../fixtures/samples/policies');
  const files = { name: 'samples', path, cluster: 'test', clock: systemClock() };
  api = await openApi({ inventorySources: [manifestFiles(files)] });
  openapi = (await (await api.get('/api/v1/openapi.json')).json()) as OpenApi;
  ajv.addSchema({ ...openapi, $id: 'openapi' });
  const now = api.services.clock.now();
  await api.store.append(
    batchOf(
      [
        aFlow({
          observedAt: nanos(now - 4_000_000n),
          event: 'policy-verdict',
          direction: 'ingress',
          hits: [HIT],
        }),
        aDrop({
          observedAt: nanos(now - 3_000_000n),
          l7: { protocol: 'http', type: 'request', method: 'GET', path: '/', status: -1 },
        }),
        aDrop({
          observedAt: nanos(now - 2_000_000n),
          verdict: { kind: 'dropped', reason: '250' },
          window: { from: nanos(now - 9n), to: nanos(now) },
        }),
      ],
      {
        gaps: [
          {
            kind: 'lost',
            origin: 'test',
            node: 'n',
            from: nanos(now - 5_000_000n),
            to: nanos(now),
            count: 18_446_744_073_709_551_615n,
            reason: 'HUBBLE_RING_BUFFER',
          },
        ],
        rejected: [{ reason: 'not JSON', count: 2, sample: '{' }],
      },
    ),
  );
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

async function getValid(path: string, template: string, status = 200): Promise<unknown> {
  const response = await api.get(path);
  const body: unknown = await response.json();
  expect(response.status, JSON.stringify(body)).toBe(status);
  const type = status === 200 ? 'application~1json' : 'application~1problem+json';
  const at = `openapi#/paths/${template.replaceAll('/', '~1').replaceAll('{', '%7B').replaceAll('}', '%7D')}/get/responses/200/content/${type}/schema`;
  const valid = ajv.getSchema(status === 200 ? at : 'openapi#/components/schemas/Problem')!;
  expect(valid(body), JSON.stringify(valid.errors)).toBe(true);
  return body;
}

describe('the API answers as its OpenAPI document says', () => {
  test.each([
    ['/api/v1/flows', '/api/v1/flows'],
    ['/api/v1/flows?q=verdict:dropped&t=15m&limit=1', '/api/v1/flows'],
    ['/api/v1/flows/1', '/api/v1/flows/{seq}'],
    ['/api/v1/summary?by=verdict&buckets=10', '/api/v1/summary'],
    ['/api/v1/summary?t=all&q=reason:policy', '/api/v1/summary'],
    ['/api/v1/summary?t=all&by=from.wl,to.wl&top=1', '/api/v1/summary'],
    ['/api/v1/compare', '/api/v1/compare'],
    ['/api/v1/compare?t=15m&with=now-2h..now-1h&by=port&q=ns:shop', '/api/v1/compare'],
    ['/api/v1/flows/2/around', '/api/v1/flows/{seq}/around'],
    ['/api/v1/flows/2/around?of=node&limit=1&t=1h', '/api/v1/flows/{seq}/around'],
    ['/api/v1/flows/2/checks', '/api/v1/flows/{seq}/checks'],
    ['/api/v1/drops', '/api/v1/drops'],
    ['/api/v1/drops?q=ns:shop&t=all&top=1&asof=2', '/api/v1/drops'],
    ['/api/v1/policies', '/api/v1/policies'],
    ['/api/v1/audit?ns=shop', '/api/v1/audit'],
    ['/api/v1/audit?ns=shop,auth&direction=egress&t=all', '/api/v1/audit'],
    ['/api/v1/policies/CiliumNetworkPolicy/shop/redis', '/api/v1/policies/{kind}/{ns}/{name}'],
    ['/api/v1/sources', '/api/v1/sources'],
  ])('%s', async (path, template) => {
    await getValid(path, template);
  });

  test.each([
    ['/api/v1/flows?q=colour:red', 400, 'bad-query'],
    ['/api/v1/flows?t=yesterday', 400, 'bad-time'],
    ['/api/v1/flows?limit=0', 400, 'bad-request'],
    ['/api/v1/flows?limit=1&limit=2', 400, 'bad-request'],
    ['/api/v1/flows?order=sideways', 400, 'bad-request'],
    ['/api/v1/summary?by=colour', 400, 'bad-query'],
    ['/api/v1/summary?by=ns,wl,pod', 400, 'bad-query'],
    ['/api/v1/compare?t=now..now', 400, 'bad-time'],
    ['/api/v1/compare?with=lately', 400, 'bad-time'],
    ['/api/v1/flows/99/around', 404, 'not-found'],
    ['/api/v1/flows/2/around?of=planet', 400, 'bad-request'],
    ['/api/v1/flows/99/checks', 404, 'not-found'],
    ['/api/v1/drops?q=colour:red', 400, 'bad-query'],
    ['/api/v1/drops?top=1001', 400, 'bad-request'],
    ['/api/v1/drops?asof=-1', 400, 'bad-request'],
    ['/api/v1/audit', 400, 'bad-request'],
    ['/api/v1/audit?ns=shop&direction=up', 400, 'bad-request'],
    ['/api/v1/flows/99', 404, 'not-found'],
    ['/api/v1/flows/x', 404, 'not-found'],
    ['/api/v2', 404, 'not-found'],
  ])('%s is a problem with status %i and code %s', async (path, status, code) => {
    expect(await getValid(path, path, status)).toMatchObject({ code, status });
  });

  test('every path that is served is documented, and the other way round', () => {
    expect(Object.keys(openapi.paths).sort()).toEqual([
      '/api/v1/audit',
      '/api/v1/compare',
      '/api/v1/drops',
      '/api/v1/drops/{key}/mark',
      '/api/v1/flows',
      '/api/v1/flows.{format}',
      '/api/v1/flows/{seq}',
      '/api/v1/flows/{seq}/around',
      '/api/v1/flows/{seq}/checks',
      '/api/v1/flows/{seq}/why',
      '/api/v1/live',
      '/api/v1/openapi.json',
      '/api/v1/pods/{ns}/{name}/policies',
      '/api/v1/policies',
      '/api/v1/policies/{kind}/{ns}/{name}',
      '/api/v1/sources',
      '/api/v1/summary',
      '/api/v1/views',
      '/api/v1/views/{id}',
      '/livez',
      '/readyz',
    ]);
  });

  test('livez and readyz answer', async () => {
    expect((await api.get('/livez')).status).toBe(200);
    expect((await api.get('/readyz')).status).toBe(200);
  });
});

describe('what the API says', () => {
  test('a flow comes with its record as the source gave it', async () => {
    expect(await (await api.get('/api/v1/flows/1')).json()).toMatchObject({
      raw: {
        format: 'hubble-json',
        record: { flow: {} },
        bytes: Buffer.from('{"flow":{}}').toString('base64'),
      },
    });
  });

  test('a query error names its place and the nearest field', async () => {
    expect(
      await (await api.get('/api/v1/flows?q=verdict:dropped%20prot:tcp')).json(),
    ).toMatchObject({
      code: 'bad-query',
      position: { from: 16 },
      suggestion: 'proto:',
    });
  });

  test('pages follow each other without repeating or missing a flow', async () => {
    const seqs: number[] = [];
    let next: number | null = null;
    do {
      const response = await api.get(
        `/api/v1/flows?limit=2${next === null ? '' : `&after=${next}`}`,
      );
      const page = (await response.json()) as { flows: { seq: number }[]; next: number | null };
      seqs.push(...page.flows.map((flow) => flow.seq));
      ({ next } = page);
    } while (next !== null);
    expect(seqs).toEqual([3, 2, 1]);
  });

  test('drops are grouped by what caused them, and what top leaves out is still counted', async () => {
    const { groups, others, head } = (await (
      await api.get('/api/v1/drops?top=1')
    ).json()) as DropsResponse;
    expect(groups).toMatchObject([
      { count: 1, lastSeq: 3, latest: { seq: 3, reason: { code: '250' } } },
    ]);
    expect(groups[0]!.firstAt).toBe(groups[0]!.lastAt);
    expect({ others, head }).toEqual({ others: { groups: 1, count: 1 }, head: 3 });
    expect(await (await api.get('/api/v1/drops?asof=1')).json()).toMatchObject({
      groups: [],
      others: { groups: 0, count: 0 },
    });
  });

  test('hits are counted per policy and tagged as reported', async () => {
    const { policies } = (await (await api.get('/api/v1/policies')).json()) as PoliciesResponse;
    // Those of the inventory, once it is read, were not hit and come after it.
    expect(policies[0]).toMatchObject({
      ...{ policy: HIT.policy, basis: 'reported', totals: { allowed: 1, denied: 0 } },
      evaluated: { totals: { allowed: 0, denied: 0 } },
    });
  });

  test('sources tell what the inventory holds, by kind', async () => {
    await eventually(async () =>
      expect(await (await api.get('/api/v1/sources')).json()).toMatchObject({
        inventory: [
          {
            ...{ name: 'samples', kind: 'manifests', cluster: 'test', state: 'reading' },
            objects: expect.arrayContaining([
              { kind: 'Tier.projectcalico.org', count: expect.any(Number) as number },
            ]) as unknown[],
          },
        ],
      }),
    );
  });

  test('a count beyond 2^53 stays exact', async () => {
    expect(await (await api.get('/api/v1/sources')).json()).toMatchObject({
      sources: [
        {
          name: 'test',
          lost: '18446744073709551615',
          rejected: [{ reason: 'not JSON', count: 2 }],
        },
      ],
    });
  });
});

describe('requests that are not ours', () => {
  test('another host name on loopback is refused (fault 2)', async () => {
    const { request } = await import('node:http');
    const status = await new Promise((resolve) => {
      request(`${api.url}/api/v1/sources`, { headers: { host: 'evil.test' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).end();
    });
    expect(status).toBe(421);
  });

  test('every answer forbids framing, foreign scripts and sniffing (fault 20)', async () => {
    const { headers } = await api.get('/api/v1/sources');
    expect(headers.get('content-security-policy')).toMatch(
      /default-src 'none'.*frame-ancestors 'none'/,
    );
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });
});
