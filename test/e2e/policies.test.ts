import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningServer } from '../../server/app.ts';
import type { PoliciesResponse, PolicyResponse } from '../../server/http/contract.ts';
import { openBrowser } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { openPage, type OpenPage, type OpenPageOptions } from '../support/open-page.ts';
import { startTestServer } from '../support/page-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

let parts: AsyncDisposableStack;
let browser: Browser;
let server: RunningServer;

beforeAll(async () => {
  parts = new AsyncDisposableStack();
  const directory = parts.use(await temporaryDirectory());
  server = parts.use(await startTestServer(directory.path));
  browser = await openBrowser();
  parts.defer(() => browser.close());
});

afterAll(async () => {
  await parts.disposeAsync();
});

const open = (path: string, options?: OpenPageOptions): Promise<OpenPage> =>
  openPage(browser, server.url + path, options);

const REDIS = 'policies/NetworkPolicy/shop/redis-ingress';
const gridRows = (page: Page): Locator =>
  page.getByRole('grid').getByRole('row').and(page.locator('[aria-selected]'));
const detail = (page: Page): Locator => page.getByRole('region', { name: 'Policy', exact: true });
const listed = (page: Page): Promise<void> => gridRows(page).nth(3).waitFor();
const shown = (page: Page): Promise<void> =>
  detail(page).getByRole('heading', { name: 'Rules' }).waitFor();

async function expectNoViolations(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => ({ id, at: nodes.map((node) => node.html) }))).toEqual(
    [],
  );
}

describe('accessibility: axe finds nothing', () => {
  const CASES = (['light', 'dark'] as const).flatMap((colorScheme) =>
    [1_440, 390].map((width) => ({ colorScheme, width })),
  );

  test.each(CASES)('in the list, $colorScheme, $width wide', async (options) => {
    await using opened = await open('policies?t=now-1h..now', options);
    await listed(opened.page);
    await expectNoViolations(opened.page);
  });

  test.each(CASES)('in one policy, $colorScheme, $width wide', async (options) => {
    await using opened = await open(`${REDIS}?t=now-1h..now`, options);
    const { page } = opened;
    await shown(page);
    await page.getByText('YAML of the version in force').click();
    await expectNoViolations(page);
    // Tables scroll in boxes of their own; the page does not.
    const cut = await detail(page).evaluate(
      (region: { scrollWidth: number; clientWidth: number }) =>
        region.scrollWidth - region.clientWidth,
    );
    expect(cut).toBe(0);
  });
});

describe('the list of policies', () => {
  test('holds every policy of both clusters, also those that nothing hits', async () => {
    await using opened = await open('policies?t=now-1h..now');
    const { page } = opened;
    await listed(page);
    const answer = (await (
      await fetch(`${server.url}api/v1/policies?t=now-1h..now`)
    ).json()) as PoliciesResponse;
    expect(await page.getByRole('grid').getAttribute('aria-rowcount')).toBe(
      String(answer.policies.length + 1),
    );
    const idle = answer.policies.find(
      ({ lastHit, status }) => lastHit === null && status.kind !== 'unlisted',
    );
    expect(idle).toBeDefined();
    await page.getByRole('searchbox').fill(idle!.policy.name);
    await gridRows(page).filter({ hasText: idle!.policy.name }).first().waitFor();
  });

  test('is walked, opened and left by the keyboard, and sorting is in the address', async () => {
    await using opened = await open('policies');
    const { page } = opened;
    await listed(page);
    await page.getByRole('button', { name: 'Name', exact: true }).click();
    await eventually(() => expect(page.url()).toContain('sort=name'));
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    const marked = page.locator('[role=row][aria-selected=true]');
    expect(await marked.getAttribute('aria-rowindex')).toBe('3');
    const href = await marked.getByRole('link').getAttribute('href');
    await page.locator('main').focus();
    await page.keyboard.press('Enter');
    await eventually(() => expect(new URL(page.url()).pathname).toBe(href!.split('?')[0]));
    await shown(page);
    await page.keyboard.press('Escape');
    await listed(page);
    expect(new URL(page.url()).pathname).toBe('/policies');
  });

  test('hatches what was evaluated, in the list and of one policy, and says how far that is', async () => {
    const denying = await eventually(
      async () => {
        const response = await fetch(`${server.url}api/v1/policies?t=now-3h..now`);
        const { policies } = (await response.json()) as PoliciesResponse;
        const found = policies.find(({ evaluated }) => evaluated.totals.denied > 0);
        expect(found).toBeDefined();
        return found!;
      },
      { timeoutMs: 90_000, everyMs: 500 },
    );
    await using opened = await open('policies?t=now-3h..now');
    const { page } = opened;
    await listed(page);
    await page.getByText(/evaluated up to/).waitFor();
    await page.getByRole('searchbox').fill(denying.policy.name);
    await gridRows(page).locator('path.evaluated').first().waitFor({ state: 'attached' });
    await using second = await open(`policies/${denying.id}?t=now-3h..now`);
    await shown(second.page);
    await detail(second.page).getByText('Evaluated: no record names a policy').waitFor();
    await detail(second.page).locator('path.evaluated').first().waitFor({ state: 'attached' });
    await expectNoViolations(second.page);
  });

  test('says where policies would come from when no inventory tells any', async () => {
    const prepare = (page: Page): Promise<void> =>
      page
        .route('**/api/v1/policies?*', async (route) => {
          const response = await route.fetch();
          const json = (await response.json()) as PoliciesResponse;
          await route.fulfill({ response, json: { ...json, inventoryAt: null, policies: [] } });
        })
        .then(() => undefined);
    await using opened = await open('policies', { prepare });
    await opened.page.getByText('No inventory source told any policies').waitFor();
    await expectNoViolations(opened.page);
  });

  test('a link of the first version still leads to its policy', async () => {
    await using opened = await open('policies?sel=NetworkPolicy::shop/redis-ingress&t=now-1h..now');
    const { page } = opened;
    await shown(page);
    expect(new URL(page.url()).pathname).toBe(`/${REDIS}`);
  });
});

describe('one policy', () => {
  test('shows what its rules did, what it selects and what it said before', async () => {
    await using opened = await open(`${REDIS}?t=now-2h..now`);
    const { page } = opened;
    await shown(page);
    const answer = (await (
      await fetch(`${server.url}api/v1/${REDIS}?t=now-2h..now`)
    ).json()) as PolicyResponse;
    expect(answer.selected.length).toBeGreaterThan(0);
    for (const { name } of answer.selected) await detail(page).getByText(`shop/${name}`).waitFor();
    for (const { path } of answer.rules)
      await detail(page).getByText(path, { exact: true }).first().waitFor();
    // The script of the demo edits it again and again.
    expect(answer.versions.length).toBeGreaterThan(1);
    const diff = page.getByRole('group', { name: /What changed/ });
    expect(await diff.innerText()).toMatch(/[+−]/);
  });

  test('as of a moment, it is what it was then', async () => {
    const answer = (await (
      await fetch(`${server.url}api/v1/${REDIS}?t=now-2h..now`)
    ).json()) as PolicyResponse;
    const before = answer.versions.at(-1)!;
    const at = new Date(Date.parse(before.until!) - 1_000).toISOString();
    await using opened = await open(`${REDIS}?at=${at}`);
    const { page } = opened;
    await shown(page);
    await page.getByText('YAML of the version in force').click();
    await detail(page).getByText(`generation: ${before.generation}`).first().waitFor();
    await page.getByRole('button', { name: 'Show now' }).click();
    await eventually(() => expect(page.url()).not.toContain('at='));
  });
});
