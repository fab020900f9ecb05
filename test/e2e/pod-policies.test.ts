import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningServer } from '../../server/app.ts';
import type {
  FlowsResponse,
  PodPoliciesResponse,
  PolicyResponse,
} from '../../server/http/contract.ts';
import { openBrowser } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { openPage, type OpenPage, type OpenPageOptions } from '../support/open-page.ts';
import { startTestServer } from '../support/page-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

let parts: AsyncDisposableStack;
let browser: Browser;
let server: RunningServer;
/** Selected by the policies of the demo for ingress. */
let redis: string;

beforeAll(async () => {
  parts = new AsyncDisposableStack();
  const directory = parts.use(await temporaryDirectory());
  server = parts.use(await startTestServer(directory.path));
  browser = await openBrowser();
  parts.defer(() => browser.close());
  const shown = await ask<PolicyResponse>(`policies/NetworkPolicy/shop/redis-ingress`);
  redis = shown.selected[0]!.name;
});

afterAll(async () => {
  await parts.disposeAsync();
});

async function ask<T>(path: string): Promise<T> {
  const response = await fetch(`${server.url}api/v1/${path}`);
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

const open = (path: string, options?: OpenPageOptions): Promise<OpenPage> =>
  openPage(browser, server.url + path, options);

const way = (page: Page, name: 'ingress' | 'egress'): Locator =>
  page.locator(`section[data-way=${name}]`);

async function expectNoViolations(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => ({ id, at: nodes.map((node) => node.html) }))).toEqual(
    [],
  );
}

const REFUSED = /404/;

describe('accessibility: axe finds nothing, and nothing is cut off', () => {
  const CASES = (['light', 'dark'] as const).flatMap((colorScheme) =>
    [1_440, 390].map((width) => ({ colorScheme, width })),
  );

  test.each(CASES)('with policies, $colorScheme, $width wide', async (options) => {
    await using opened = await open(`policies?pod=shop/${redis}`, options);
    const { page } = opened;
    await way(page, 'ingress').waitFor();
    await page.getByRole('grid').getByRole('row').nth(1).waitFor();
    await expectNoViolations(page);
    const cut = await page
      .locator('main')
      .evaluate(
        (it: { scrollWidth: number; clientWidth: number }) => it.scrollWidth - it.clientWidth,
      );
    expect(cut).toBe(0);
  });

  test.each(CASES)('of a pod that nobody knows, $colorScheme, $width wide', async (options) => {
    await using opened = await open('policies?pod=shop/nobody', { ...options, mayLog: REFUSED });
    await opened.page.getByText('is not known').waitFor();
    await expectNoViolations(opened.page);
  });
});

describe('the policies of a pod', () => {
  test('are led to from a policy and lead back to it, as of the same time, by the keyboard alone', async () => {
    const at = new Date(Date.now() - 600_000).toISOString();
    await using opened = await open(`policies/NetworkPolicy/shop/redis-ingress?at=${at}`);
    const { page } = opened;
    await page.getByRole('link', { name: `shop/${redis}`, exact: true }).focus();
    await page.keyboard.press('Enter');
    await way(page, 'ingress').getByRole('link', { name: 'shop/redis-ingress' }).waitFor();
    expect(new URL(page.url()).searchParams.get('pod')).toBe(`shop/${redis}`);
    expect(new URL(page.url()).searchParams.get('at')).toBe(at);
    const policy = page.getByRole('grid').getByRole('link', { name: 'redis-ingress' });
    const itsAddress = new URL((await policy.getAttribute('href'))!, server.url).search;
    expect(itsAddress).toContain(`pod=shop/${redis}`);
    await page.locator('main').focus();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.getByRole('region', { name: 'Policy', exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await way(page, 'ingress').waitFor();
    await page.keyboard.press('Escape');
    await eventually(() => expect(new URL(page.url()).search).not.toContain('pod='));
  });

  test('say by direction what the API says, and plainly that none selects it', async () => {
    const answer = await ask<PodPoliciesResponse>(`pods/shop/${redis}/policies`);
    await using opened = await open(`policies?pod=shop/${redis}`);
    const { page } = opened;
    for (const { way: name, isolated } of answer.isolation) {
      const section = way(page, name);
      const words = isolated > 0 ? `Isolated for ${name}` : `Not isolated for ${name}`;
      await section.getByText(words).waitFor();
      const own = answer.policies.filter(({ directions }) => directions.includes(name));
      expect(await section.getByRole('listitem').count()).toBe(own.length);
    }
    // The list below has the same ones, with what they did.
    const ids = new Set(answer.policies.map(({ id }) => id));
    await eventually(async () =>
      expect(await page.getByRole('grid').getAttribute('aria-rowcount')).toBe(String(ids.size + 1)),
    );
  });

  test('one that no policy selects is not isolated, which is said', async () => {
    const prepare = (page: Page): Promise<void> =>
      page
        .route('**/api/v1/pods/**', async (route) => {
          const response = await route.fetch();
          const json = (await response.json()) as PodPoliciesResponse;
          const isolation = json.isolation.map((each) => ({ ...each, isolated: 0 }));
          await route.fulfill({
            response,
            json: { ...json, policies: [], untold: [], isolation },
          });
        })
        .then(() => undefined);
    await using opened = await open(`policies?pod=shop/${redis}`, { prepare });
    await way(opened.page, 'egress')
      .getByText('Not isolated for egress: no policy selects it, so everything is allowed.')
      .waitFor();
    expect(await opened.page.getByRole('grid').count()).toBe(0);
    await expectNoViolations(opened.page);
  });

  test('where no inventory tells anything, it is said what to connect', async () => {
    await using opened = await open(`policies?pod=shop/${redis}&at=2020-01-01T00:00:00Z`, {
      mayLog: REFUSED,
    });
    await opened.page.getByText('no inventory source told anything at that time').waitFor();
    await opened.page.getByText('--kubernetes').first().waitFor();
  });

  test('a pod that is gone is shown by its workload, which the command palette finds too', async () => {
    await using opened = await open('policies?pod=shop/redis-99&wl=shop/redis');
    const { page } = opened;
    await page.getByText('is not in the inventory of that time: this is its workload.').waitFor();
    await page.keyboard.press('ControlOrMeta+k');
    await page.keyboard.type('orders/kafka');
    await page.getByRole('option', { name: /Policies that select orders\/kafka/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'orders/kafka' }).waitFor();
    await page.getByText('StatefulSet · 3 pods').waitFor();
  });
});

describe('a flow', () => {
  test('leads to the policies that its record names and to those of its ends, as of its time', async () => {
    const { flows } = await ask<FlowsResponse>('flows?q=policy:shop/redis-ingress&limit=1');
    const [flow] = flows;
    expect(flow).toBeDefined();
    const { seq, observedAt, destination } = flow!;
    await using opened = await open(`live?sel=${seq}`);
    const panel = opened.page.getByRole('complementary');
    const named = panel
      .getByRole('group', { name: 'Policies that the record names' })
      .getByRole('link', { name: 'shop/redis-ingress' });
    const href = new URL((await named.getAttribute('href'))!, server.url);
    expect(href.pathname).toMatch(/^\/policies\/\w+\/shop\/redis-ingress$/);
    expect(href.searchParams.get('at')).toBe(observedAt);
    await panel.getByRole('link', { name: 'Policies that select it' }).last().click();
    await way(opened.page, 'ingress').waitFor();
    const { searchParams } = new URL(opened.page.url());
    expect(searchParams.get('pod')).toBe(`${destination.namespace}/${destination.pod}`);
    expect(searchParams.get('at')).toBe(observedAt);
  });
});
