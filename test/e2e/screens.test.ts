import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningServer } from '../../server/app.ts';
import type { LiveFrame } from '../../server/http/live-contract.ts';
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

const rows = (page: Page): ReturnType<Page['locator']> =>
  page.locator('[role=row][aria-rowindex]:not([aria-rowindex="1"])');
const flowsShown = async (page: Page): Promise<void> => {
  await rows(page).nth(3).waitFor();
};

describe('accessibility: axe finds nothing', () => {
  const READY: Record<string, (page: Page) => Promise<void>> = {
    live: flowsShown,
    policies: (page) => page.getByRole('grid').getByRole('link').first().waitFor(),
    sources: (page) => page.getByRole('heading', { name: 'demo-east', exact: true }).waitFor(),
  };
  const CASES = Object.keys(READY).flatMap((screen) =>
    [1_440, 390].map((width) => ({ screen, width })),
  );

  test.each(CASES)('on $screen, $width wide', async ({ screen, width }) => {
    await using opened = await open(screen, { width });
    await READY[screen]!(opened.page);
    await expectNoViolationsInAnyTheme(opened.page);
  });

  test('with the detail panel open', async () => {
    await using opened = await open('live?q=verdict:dropped');
    await flowsShown(opened.page);
    await opened.page
      .getByRole('button', { name: /^Details of/ })
      .first()
      .click();
    await opened.page.getByRole('complementary').getByText('demo-').first().waitFor();
    await expectNoViolations(opened.page);
  });
});

/** What is used of an element of the page, whose types these tests do not have. */
type Box = { getBoundingClientRect(): { readonly top: number; readonly bottom: number } };

const inQueryBar = async (page: Page): Promise<boolean> =>
  (await page.locator('.cm-editor.cm-focused').count()) > 0;

/** Keeps the rows still, and waits until they are. */
async function pause(page: Page): Promise<void> {
  await page.keyboard.press('p');
  await page.locator('.banner').getByText('Paused.', { exact: true }).waitFor();
}

/** A delivery that holds its flows many times over; any other frame as it is. */
function enlarge(message: string, copies: number): string {
  const frame = JSON.parse(message) as LiveFrame;
  if (frame.kind !== 'flows') return message;
  const flows = Array.from({ length: copies }, () => frame.flows).flat();
  return JSON.stringify({ ...frame, flows } satisfies LiveFrame);
}

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
    await eventually(async () =>
      expect(await page.locator('.cm-content').innerText()).toBe('verdict:dropped'),
    );

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
    await page.keyboard.press('Enter');
    await eventually(() => expect(decodeURIComponent(page.url())).toContain('q=verdict:dropped'));
    await eventually(async () => expect(await inQueryBar(page)).toBe(false));
    // The rows of the query before stand until those of the new one are there.
    await eventually(async () => {
      const shown = await rows(page).allInnerTexts();
      expect(shown.length).toBeGreaterThan(0);
      for (const text of shown) expect(text).toContain('5432');
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

  test('a query that cannot be read is explained beside other messages; the rows say whose they are', async () => {
    await using opened = await open('live?q=verdict:dropped');
    const { page } = opened;
    await flowsShown(page);
    await page.keyboard.press('/');
    await page.keyboard.type('colour:red');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('colour').waitFor();
    expect(await inQueryBar(page)).toBe(true);
    expect(await rows(page).count()).toBeGreaterThan(3);
    const flows = page.getByRole('region', { name: 'FLOWS' });
    await flows.getByText('of the last valid query: verdict:dropped').waitFor();
    // At one moment: others come and go.
    const ends = await page
      .locator('.banner')
      .evaluateAll((banners: Box[]) => banners.map((banner) => banner.getBoundingClientRect()));
    for (const [i, { top }] of ends.slice(1).entries())
      expect(top).toBeGreaterThanOrEqual(ends[i]!.bottom);
    await expectNoViolations(page);

    await page.getByRole('button', { name: /last valid query/i }).click();
    await eventually(async () => {
      expect(await page.getByRole('alert').count()).toBe(0);
      expect(await page.locator('.cm-content').innerText()).toBe('verdict:dropped');
    });
  });

  test('the query bar offers fields, labels and values as one types', async () => {
    await using opened = await open('live');
    const { page } = opened;
    await flowsShown(page);
    const offered = async (): Promise<readonly string[]> =>
      page.locator('.cm-completionLabel').allInnerTexts();
    await page.keyboard.press('/');
    await eventually(async () => expect(await offered()).toContain('verdict:'));
    await page.keyboard.type('verdict:dropped ');
    await eventually(async () => expect(await offered()).toContain('OR'));
    await page.keyboard.type('to.a');
    await eventually(async () => expect(await offered()).toContain('to.app='));
    await page.keyboard.type('pp=po');
    await eventually(async () => expect(await offered()).toContain('postgres'));
    await page.keyboard.press('Tab');
    await eventually(async () =>
      expect(await page.locator('.cm-content').innerText()).toBe('verdict:dropped to.app=postgres'),
    );
  });

  test('a pause that outgrows what is kept goes on from the store', async () => {
    await using opened = await open('live');
    const { page } = opened;
    let copies = 1;
    // The page's own stream, its deliveries made as large as those of a busy cluster.
    await page.routeWebSocket(/\/api\/v1\/live/, (socket) => {
      const server = socket.connectToServer();
      server.onMessage((message) => socket.send(enlarge(String(message), copies)));
    });
    await page.reload();
    await flowsShown(page);
    await pause(page);
    const still = await rows(page).nth(1).innerText();
    copies = 100;
    const resume = page.getByRole('button', { name: /resume from store/i });
    await resume.waitFor();
    expect(await rows(page).nth(1).innerText()).toBe(still);
    copies = 1;
    const before = new Date().toTimeString().slice(0, 8);
    await resume.click();
    await eventually(async () => {
      const times = await page.locator('[data-column=time]').allInnerTexts();
      expect(times[0]! >= before).toBe(true);
      expect(times).toEqual([...times].sort().reverse());
    });
    await resume.waitFor({ state: 'detached' });
  });

  test('pausing keeps the rows still while the counters go on', async () => {
    await using opened = await open('live');
    const { page } = opened;
    await flowsShown(page);
    await pause(page);
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
    await page.getByRole('searchbox', { name: /name contains/ }).fill('redis-ingress');
    await page
      .getByRole('grid')
      .getByRole('link', { name: /redis-ingress$/ })
      .first()
      .click();
    const policy = page.getByRole('region', { name: 'Policy', exact: true });
    await policy.getByRole('link', { name: 'Flows of this policy', exact: true }).click();
    await eventually(() =>
      expect(decodeURIComponent(page.url())).toContain('policy:shop/redis-ingress'),
    );
    await flowsShown(page);
  });

  test('each source is named with its state, and the demo is marked as one', async () => {
    await using opened = await open('sources');
    const { page } = opened;
    for (const name of ['demo-east', 'demo-west'])
      await page.getByRole('heading', { name, exact: true }).waitFor();
    await page.getByRole('heading', { name: 'Inventory of demo-east' }).waitFor();
    await page.getByText('reading').first().waitFor();
    await page.getByText('DEMO').first().waitFor();
  });
});
