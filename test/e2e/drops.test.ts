import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningServer } from '../../server/app.ts';
import type { DropsResponse } from '../../server/http/contract.ts';
import { openBrowser } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { expectNoViolations, expectNoViolationsInAnyTheme } from '../support/no-violations.ts';
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

const rows = (page: Page): Locator => page.locator('tbody tr[data-state]');
const panelOf = (page: Page): Locator => page.getByRole('complementary', { name: 'Drop group' });
const whyOf = (page: Page): Locator =>
  panelOf(page).getByRole('region', { name: 'Why', exact: true });
const shown = (page: Page): Promise<void> => rows(page).first().waitFor();

/** Answers of the server for the groups, altered. */
const altering =
  (alter: (answer: DropsResponse) => DropsResponse) =>
  async (page: Page): Promise<void> => {
    await page.route('**/api/v1/drops?*', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ json: alter((await response.json()) as DropsResponse) });
    });
  };

describe('accessibility: axe finds nothing', () => {
  test.each([1_440, 390])('on the groups and on the panel, %i wide', async (width) => {
    await using opened = await open('drops?t=now-1h..now', { width });
    const { page } = opened;
    await shown(page);
    await expectNoViolationsInAnyTheme(page, { what: 'groups' });
    await rows(page).first().getByRole('button').click();
    await panelOf(page).getByLabel('Note', { exact: true }).waitFor();
    await whyOf(page).locator('.headline').waitFor();
    await expectNoViolationsInAnyTheme(page, { what: 'panel' });
  });
});

describe('the drops screen', () => {
  test('from Live to a group that is acknowledged, with the keyboard alone; a reload still shows it', async () => {
    await using opened = await open('live');
    const { page } = opened;
    await page.locator('[role=row][aria-rowindex="3"]').waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('d');
    await eventually(() => expect(new URL(page.url()).pathname).toBe('/drops'));
    await shown(page);
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await eventually(() => expect(new URL(page.url()).pathname).toMatch(/^\/drops\/.+/));
    await panelOf(page)
      .getByRole('heading', { level: 2, name: /^Dropped: / })
      .waitFor();
    await page.keyboard.press('e');
    await page.keyboard.type('a known misconfiguration');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await panelOf(page).getByRole('heading', { name: 'Acknowledged' }).waitFor();
    const pair = await panelOf(page).locator('.pair').innerText();

    const address = page.url();
    await page.reload();
    await panelOf(page).getByText('a known misconfiguration').waitFor();
    expect(page.url()).toBe(address);
    await panelOf(page).locator('.pair').getByText(pair, { exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await eventually(async () => expect(await panelOf(page).count()).toBe(0));
    await page
      .getByRole('group', { name: 'Drop groups in the states' })
      .getByRole('button', { name: /acknowledged/ })
      .click();
    await eventually(async () => expect(await rows(page).count()).toBe(1));
    expect(page.url()).toContain('state=acknowledged');

    await rows(page).first().getByRole('button').click();
    await panelOf(page)
      .getByRole('button', { name: 'Remove the acknowledgement', exact: true })
      .click();
    await page.getByText('No drop group is acknowledged').waitFor();
    await expectNoViolations(page);
  });

  test('sorts by its heads, and the address says how', async () => {
    await using opened = await open('drops?t=now-1h..now');
    const { page } = opened;
    await shown(page);
    const counts = async (): Promise<readonly number[]> => {
      const cells = await page.locator('td.count').all();
      const titles = await Promise.all(cells.map((cell) => cell.getAttribute('title')));
      return titles.map((title) => Number((title ?? '').replaceAll(',', '')));
    };
    await page.getByRole('button', { name: 'Count', exact: true }).click();
    await eventually(async () => {
      const now = await counts();
      expect(now.length).toBeGreaterThan(3);
      expect(now).toEqual([...now].sort((a, b) => b - a));
    });
    await eventually(() => expect(page.url()).toContain('sort=-count'));
    await page.locator('th[aria-sort=descending]').getByText('Count').waitFor();
  });

  test('a group leads to its flows, which are all dropped and between its ends', async () => {
    await using opened = await open('drops?t=now-1h..now&q=port:6379');
    const { page } = opened;
    await shown(page);
    await rows(page).first().getByRole('button').click();
    await panelOf(page).getByRole('link', { name: 'Show its flows', exact: true }).click();
    await eventually(() => expect(new URL(page.url()).pathname).toBe('/live'));
    const query = decodeURIComponent(page.url());
    for (const term of ['verdict:dropped', 'to.port:6379', 'from.wl:', 'reason:'])
      expect(query).toContain(term);
    const found = page.locator('[role=row][aria-rowindex]:not([aria-rowindex="1"])');
    await found.first().waitFor();
    await eventually(async () => {
      const texts = await found.allInnerTexts();
      expect(texts.length).toBeGreaterThan(0);
      for (const text of texts) expect(text).toContain('6379');
    });
  });

  test('narrows to a query, keeps the last good rows under one that cannot be read', async () => {
    await using opened = await open('drops?t=now-1h..now');
    const { page } = opened;
    await shown(page);
    await page.keyboard.press('/');
    await page.keyboard.type('port:6379');
    await page.keyboard.press('Enter');
    await eventually(async () => {
      const texts = await rows(page).allInnerTexts();
      expect(texts.length).toBeGreaterThan(0);
      for (const text of texts) expect(text).toContain(':6379');
    });
    await page.keyboard.press('/');
    await page.keyboard.type(' colour:red');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('colour').waitFor();
    for (const text of await rows(page).allInnerTexts()) expect(text).toContain(':6379');
    expect(await rows(page).count()).toBeGreaterThan(0);
  });
});

describe('the drops screen says', () => {
  test('when nothing was dropped, and what to do', async () => {
    await using opened = await open('drops?q=port:1');
    await opened.page.getByText('No match in 15m').waitFor();
    await opened.page.getByRole('button', { name: /without/ }).click();
    await shown(opened.page);
  });

  test('that the server cannot be asked, beside the rows of before', async () => {
    let fails = false;
    await using opened = await open('drops', {
      mayLog: /Failed to load resource/,
      prepare: async (page) => {
        await page.route('**/api/v1/drops?*', (route) =>
          fails ? route.abort() : route.continue(),
        );
      },
    });
    const { page } = opened;
    await shown(page);
    fails = true;
    await page.getByText('The server cannot be reached').waitFor();
    expect(await rows(page).count()).toBeGreaterThan(0);
  });

  test('that counts are a lower bound, and that marks are not known', async () => {
    await using opened = await open('drops', {
      prepare: altering((answer) => ({
        ...answer,
        completeness: { ...answer.completeness, verdict: 'lower-bound', lost: '7' },
        marksProblem: 'control.sqlite cannot be opened.',
      })),
    });
    await opened.page.getByText('lower bound').first().waitFor();
    await opened.page.getByText('control.sqlite cannot be opened').waitFor();
    await expectNoViolations(opened.page);
  });

  test('why a mark could not be kept, and keeps the note', async () => {
    await using opened = await open('drops', {
      mayLog: /503/,
      prepare: async (page) => {
        const problem = { title: 'The store failed', detail: 'the disk is full', status: 503 };
        await page.route('**/mark', (route) =>
          route.fulfill({ status: 503, json: { code: 'store-failed', ...problem } }),
        );
      },
    });
    const { page } = opened;
    await shown(page);
    await rows(page).first().getByRole('button').click();
    await panelOf(page).getByLabel('Note', { exact: true }).fill('known');
    await panelOf(page).getByRole('button', { name: 'Acknowledge', exact: true }).click();
    await panelOf(page).getByRole('alert').getByText('the disk is full').waitFor();
    expect(await panelOf(page).getByLabel('Note', { exact: true }).inputValue()).toBe('known');
  });
});
