import type { Browser, BrowserContext, Page } from 'playwright-core';
import { expect } from 'vitest';
import type { Endpoint } from '../../server/core/flow.ts';
import { nanos, parseTime } from '../../server/core/time.ts';
import { openApi, type TestApi } from './api.ts';
import { openBrowser } from './browser.ts';
import { aDrop, aFlow, batchOf } from './flow.ts';

/** The page over a store with six known flows, a minute apart, numbered from 1. */
export type KnownPage = AsyncDisposable & {
  readonly api: TestApi;
  open(path: string, options?: OpenOptions): Promise<OpenPage>;
};

export type OpenPage = AsyncDisposable & { readonly page: Page; readonly context: BrowserContext };

type OpenOptions = { readonly colorScheme?: 'light' | 'dark'; readonly width?: number };

export const KNOWN_RANGE = '2026-05-03T10:00:00Z..2026-05-03T10:10:00Z';

const minute = (at: number) =>
  nanos((parseTime('2026-05-03T10:00:00Z') ?? 0n) + BigInt(at) * 60_000_000_000n);

const workload = (namespace: string, name: string): Endpoint => ({
  ...aFlow().source,
  namespace,
  pod: `${name}-0`,
  workload: name,
  labels: [`k8s:app=${name}`],
});

const WEB = workload('shop', 'web');
const CHECKOUT = workload('shop', 'checkout');
const REDIS = workload('shop', 'redis');
const API = workload('pay', 'api');
const WORLD: Endpoint = {
  ...workload('', ''),
  kind: 'network',
  pod: '',
  name: 'world',
  labels: ['reserved:world'],
};

const denied = (at: number) =>
  aDrop({
    observedAt: minute(at),
    source: CHECKOUT,
    destination: REDIS,
    destinationPort: 6_379,
    direction: 'ingress',
  });

const FLOWS = [
  aFlow({ observedAt: minute(1), source: WEB, destination: CHECKOUT, destinationPort: 8_080 }),
  denied(2),
  aFlow({
    observedAt: minute(3),
    source: API,
    destination: REDIS,
    destinationPort: 6_379,
    l7: { protocol: 'http', type: 'request', method: 'GET', path: '/pay', status: 200 },
  }),
  aDrop({
    observedAt: minute(4),
    source: WEB,
    destination: WORLD,
    destinationIp: '203.0.113.7',
    destinationPort: 443,
    verdict: { kind: 'dropped', reason: 'CT_MAP_INSERTION_FAILED' },
  }),
  denied(5),
  aFlow({ observedAt: minute(6), source: WEB, destination: API, destinationPort: 8_443 }),
];

export async function openKnownPage(): Promise<KnownPage> {
  await using parts = new AsyncDisposableStack();
  const api = parts.use(await openApi({ page: true }));
  await api.store.append(batchOf(FLOWS));
  const browser = await openBrowser();
  parts.defer(() => browser.close());
  const running = parts.move();
  return {
    api,
    open: (path, options) => open(browser, api.url + path, options),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Fails when the page logged an error or broke its content policy. */
async function open(
  browser: Browser,
  url: string,
  { colorScheme = 'light', width = 1_440 }: OpenOptions = {},
): Promise<OpenPage> {
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme,
    timezoneId: 'Europe/Berlin',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(url);
  return {
    page,
    context,
    async [Symbol.asyncDispose]() {
      // An answer that a test changes may still be on its way.
      for (const each of context.pages()) await each.unrouteAll({ behavior: 'ignoreErrors' });
      await context.close();
      expect(errors).toEqual([]);
    },
  };
}

/** Times of the rows in hours and minutes, from the first row down. */
export async function timesOf(page: Page): Promise<readonly string[]> {
  const cells = await page.locator('[role=gridcell][data-column=time]').allInnerTexts();
  return cells.map((text) => text.trim().slice(0, 5));
}
