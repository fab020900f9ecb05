import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningServer } from '../../server/app.ts';
import { openBrowser } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
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

type OpenOptions = { readonly colorScheme?: 'light' | 'dark'; readonly width?: number };

/** Opens a path, and fails the test when the page logs an error or breaks its content policy. */
async function open(
  path: string,
  { colorScheme = 'light', width = 1_440 }: OpenOptions = {},
): Promise<AsyncDisposable & { readonly page: Page }> {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(server.url + path);
  return {
    page,
    async [Symbol.asyncDispose]() {
      await context.close();
      expect(errors).toEqual([]);
    },
  };
}

const rows = (page: Page): ReturnType<Page['locator']> => page.locator('[role=row][aria-rowindex]');
const flowsShown = async (page: Page): Promise<void> => {
  await rows(page).nth(3).waitFor();
};

describe('accessibility: axe finds nothing', () => {
  const READY: Record<string, (page: Page) => Promise<void>> = {
    live: flowsShown,
    policies: (page) => page.getByText('redis-ingress').first().waitFor(),
    sources: (page) => page.getByRole('heading', { name: 'demo-east' }).waitFor(),
  };
  const CASES = Object.keys(READY).flatMap((screen) =>
    (['light', 'dark'] as const).flatMap((colorScheme) =>
      [1_440, 390].map((width) => ({ screen, colorScheme, width })),
    ),
  );

  test.each(CASES)(
    'on $screen, $colorScheme, $width wide',
    async ({ screen, colorScheme, width }) => {
      await using opened = await open(screen, { colorScheme, width });
      await READY[screen]!(opened.page);
      const { violations } = await new AxeBuilder({ page: opened.page }).analyze();
      expect(
        violations.map(({ id, nodes }) => ({ id, at: nodes.map((node) => node.html) })),
      ).toEqual([]);
    },
  );

  test('with the detail panel open', async () => {
    await using opened = await open('live?q=verdict:dropped');
    await flowsShown(opened.page);
    await opened.page
      .getByRole('button', { name: /^Details of/ })
      .first()
      .click();
    await opened.page.getByRole('complementary').getByText('demo-').first().waitFor();
    const { violations } = await new AxeBuilder({ page: opened.page }).analyze();
    expect(violations.map(({ id, nodes }) => ({ id, at: nodes.map((node) => node.html) }))).toEqual(
      [],
    );
  });
});

const inQueryBar = async (page: Page): Promise<boolean> =>
  (await page.locator('.cm-editor.cm-focused').count()) > 0;

describe('the live screen', () => {
  test('shows moving flows and drops', async () => {
    await using opened = await open('live');
    await flowsShown(opened.page);
    const first = await rows(opened.page).nth(1).innerText();
    await eventually(async () =>
      expect(await rows(opened.page).nth(1).innerText()).not.toBe(first),
    );
    await opened.page
      .getByRole('group', { name: /drop groups/i })
      .getByRole('listitem')
      .first()
      .waitFor();
  });

  test('the root leads to it, and an unknown path says that nothing is there', async () => {
    await using opened = await open('');
    await eventually(() => expect(new URL(opened.page.url()).pathname).toBe('/live'));
  });

  test('a reload restores query, time range, selection and panel; Back closes what was opened', async () => {
    await using opened = await open('live?q=verdict%3Adropped&t=now-1h..now');
    const { page } = opened;
    await flowsShown(page);
    await page
      .getByRole('button', { name: /^Details of/ })
      .first()
      .click();
    await eventually(() => expect(page.url()).toContain('sel='));
    const url = page.url();
    const panel = page.getByRole('complementary');
    const headline = await panel.locator('h2').first().innerText();

    await page.reload();
    await flowsShown(page);
    expect(page.url()).toBe(url);
    await eventually(async () =>
      expect(await panel.locator('h2').first().innerText()).toBe(headline),
    );
    expect(await page.locator('.cm-content').innerText()).toBe('verdict:dropped');

    await page.goBack();
    await eventually(() => expect(page.url()).not.toContain('sel='));
    await eventually(async () => expect(await panel.count()).toBe(0));
  });

  test('from opening to a drop, its details and back, with the keyboard alone', async () => {
    await using opened = await open('live');
    const { page } = opened;
    await flowsShown(page);
    await page.keyboard.press('/');
    await page.keyboard.type('verdict:dropped port:5432');
    await page.keyboard.press('Escape');
    // Escape closes the completion where it is open, and else leaves the bar: go back in to apply.
    if (!(await inQueryBar(page))) await page.keyboard.press('/');
    await page.keyboard.press('Enter');
    await eventually(() => expect(decodeURIComponent(page.url())).toContain('q=verdict:dropped'));
    await flowsShown(page);
    await eventually(async () => {
      await page.keyboard.press('Escape');
      expect(await inQueryBar(page)).toBe(false);
    });
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    const panel = page.getByRole('complementary');
    await panel.getByText('5432').first().waitFor();
    await page.keyboard.press('Escape');
    await eventually(async () => expect(await panel.count()).toBe(0));
    await page.keyboard.press('g');
    await page.keyboard.press('p');
    await eventually(() => expect(new URL(page.url()).pathname).toBe('/policies'));
  });

  test('a query that cannot be read is explained and leaves the rows', async () => {
    await using opened = await open('live');
    const { page } = opened;
    await flowsShown(page);
    await page.keyboard.press('/');
    await page.keyboard.type('colour:red');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('colour').waitFor();
    expect(await rows(page).count()).toBeGreaterThan(3);
  });

  test('pausing keeps the rows still while the counters go on', async () => {
    await using opened = await open('live');
    const { page } = opened;
    await flowsShown(page);
    await page.keyboard.press('p');
    await page
      .getByText(/paused/i)
      .first()
      .waitFor();
    const still = await rows(page).nth(1).innerText();
    const header = page.getByText(/allowed\/s/).first();
    const before = await header.locator('..').innerText();
    await eventually(async () => expect(await header.locator('..').innerText()).not.toBe(before));
    expect(await rows(page).nth(1).innerText()).toBe(still);
    await page.keyboard.press('p');
    await eventually(async () => expect(await rows(page).nth(1).innerText()).not.toBe(still));
  });
});

describe('the policies and sources screens', () => {
  test('hits rise while one looks, and a policy leads to its flows', async () => {
    await using opened = await open('policies');
    const { page } = opened;
    await page.getByText('redis-ingress').first().click();
    const link = page.getByRole('link', { name: /flows/i }).first();
    await link.click();
    await eventually(() =>
      expect(decodeURIComponent(page.url())).toContain('policy:shop/redis-ingress'),
    );
    await flowsShown(page);
  });

  test('each source is named with its state, and the demo is marked as one', async () => {
    await using opened = await open('sources');
    const { page } = opened;
    for (const name of ['demo-east', 'demo-west'])
      await page.getByRole('heading', { name }).waitFor();
    await page.getByText('reading').first().waitFor();
    await page.getByText('DEMO').first().waitFor();
  });
});
