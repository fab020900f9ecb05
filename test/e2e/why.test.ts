import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningServer } from '../../server/app.ts';
import type { DropsResponse, WhyResponse } from '../../server/http/contract.ts';
import { openBrowser } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { EXPLANATION_NAMES, readExplanation } from '../support/explanations.ts';
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

/** What is read of an element in the page; its types are not those of a test. */
type Wide = { readonly scrollWidth: number; readonly clientWidth: number };

const rows = (page: Page): Locator =>
  page.locator('[role=row][aria-rowindex]:not([aria-rowindex="1"])');
const whyOf = (page: Page): Locator => page.getByRole('region', { name: 'Why', exact: true });
const tagOf = (page: Page): Locator => whyOf(page).locator('[data-provenance]');
const DROPS = 'live?q=verdict:dropped+port:6379&t=now-1h..now';

async function openFirstRow(page: Page): Promise<void> {
  await rows(page).first().waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('w');
}

/** The explanation is one that was written by hand; all else is the demo's. */
const explainedBy =
  (name: string | (() => string)) =>
  async (page: Page): Promise<void> => {
    await page.route('**/why?*', (route) => {
      const explanation = readExplanation(typeof name === 'string' ? name : name());
      const json = { ...explanation, seq: 1 } satisfies WhyResponse;
      return route.fulfill({ json });
    });
  };

const IN_EVERY_COLOUR = [
  '01-default-deny-peer',
  '05-reported-deny',
  '08-fqdn',
  '12-not-policy',
  'conflict',
];

describe('accessibility: axe finds nothing', () => {
  test('in each of the worked explanations, with all that is folded away unfolded', async () => {
    let name = '';
    const prepare = (page: Page): Promise<void> => explainedBy(() => name)(page);
    await using opened = await open(DROPS, { prepare });
    const { page } = opened;
    for (const each of EXPLANATION_NAMES) {
      name = each;
      if (each === EXPLANATION_NAMES[0]) await openFirstRow(page);
      else
        await whyOf(page)
          .getByRole('group', { name: 'Whose policies' })
          .getByRole('button', { pressed: false })
          .click();
      await whyOf(page).getByText(readExplanation(each).headline).waitFor();
      // Opening one of them shows others.
      const folded = whyOf(page).locator('details:not([open]) > summary:visible');
      while ((await folded.count()) > 0) await folded.first().click();
      // What differs between the themes is colour, and some of them have every colour that there is.
      const look = IN_EVERY_COLOUR.includes(each)
        ? expectNoViolationsInAnyTheme
        : expectNoViolations;
      await look(page, { what: each, within: '.why' });
    }
  }, 180_000);

  test('on a telephone, where nothing of it is cut off', async () => {
    const prepare = explainedBy('01-default-deny-peer');
    await using opened = await open(DROPS, { width: 390, prepare });
    const { page } = opened;
    await openFirstRow(page);
    await tagOf(page).waitFor();
    await expectNoViolationsInAnyTheme(page);
    const cut = await whyOf(page).evaluate(
      (section: Wide) => section.scrollWidth - section.clientWidth,
    );
    expect(cut).toBe(0);
  });
});

describe('the Why panel', () => {
  test('from a cold start to a sentence, a trace and a suggested change, with the keyboard alone', async () => {
    await using opened = await open('live');
    const { page } = opened;
    await rows(page).nth(1).waitFor();
    await page.keyboard.press('/');
    // Others are denied at their own end, and which comes last changes with the story that the demo tells.
    await page.keyboard.type('verdict:dropped from.wl:checkout to.wl:redis port:6379');
    await page.keyboard.press('Enter');
    await eventually(() => expect(page.url()).toContain('redis'));
    await eventually(async () => {
      const texts = await rows(page).allInnerTexts();
      expect(texts.length).toBeGreaterThan(0);
      for (const text of texts) expect(text).toMatch(/checkout[^]*6379/);
    });
    await page.keyboard.press('j');
    await page.keyboard.press('w');
    await eventually(() => expect(page.url()).toContain('why=then'));
    await page.locator('[data-why]:focus').waitFor();
    const why = whyOf(page);
    await eventually(async () =>
      expect(await why.innerText()).toMatch(
        /policies select shop\/redis for ingress, and no rule admits it/,
      ),
    );
    expect(await tagOf(page).innerText()).toMatch(/evaluated/i);
    await why.getByText(/Against policies as of .* · \d+ policies · Cilium/).waitFor();
    const trace = why.getByRole('group', { name: 'Trace' }).first();
    expect(await trace.locator('details[open]').first().innerText()).toContain('expected');
    const diff = why.getByRole('group', { name: /^Suggested change of .*redis/ });
    await diff.locator('[data-kind=added]').first().waitFor();

    const headline = await why.locator('.headline').innerText();
    await page.reload();
    await eventually(async () => expect(await why.locator('.headline').innerText()).toBe(headline));
    await page.keyboard.press('Escape');
    await eventually(() => expect(page.url()).not.toContain('why='));
  });

  test("weighs by today's policies on request, the address says so, and Back undoes it", async () => {
    await using opened = await open(DROPS);
    const { page } = opened;
    await openFirstRow(page);
    await tagOf(page).waitFor();
    const now = whyOf(page).getByRole('button', { name: 'Now', exact: true });
    await now.click();
    await whyOf(page).getByText("Against today's policies").waitFor();
    expect(page.url()).toContain('why=now');
    expect(await now.getAttribute('aria-pressed')).toBe('true');
    await page.goBack();
    await whyOf(page).getByText('Against policies as of').waitFor();
  });

  test('stands first in a drop group, and does not change under the reader', async () => {
    let later = 0;
    const prepare = async (page: Page): Promise<void> => {
      await page.route('**/api/v1/drops?*', async (route) => {
        const answer = (await (await route.fetch()).json()) as DropsResponse;
        const groups = answer.groups.map((group) => {
          const { latest } = group;
          return { ...group, latest: { ...latest, seq: latest.seq - later } };
        });
        await route.fulfill({ json: { ...answer, groups } });
      });
    };
    await using opened = await open('drops?t=now-1h..now&q=port:6379', { prepare });
    const { page } = opened;
    await page.locator('tbody tr[data-state]').first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('w');
    await whyOf(page).locator('.headline').waitFor();
    const explained: string[] = [];
    page.on('request', (request) => {
      if (request.url().includes('/why?')) explained.push(request.url());
    });
    later = 1;
    const latest = whyOf(page).getByRole('button', { name: 'Explain the latest', exact: true });
    await latest.waitFor();
    expect(explained).toEqual([]);
    await latest.click();
    await eventually(() => expect(explained).toHaveLength(1));
    await whyOf(page).locator('.headline').waitFor();
    await expectNoViolations(page);
  });

  test('explains an allowed flow when it is asked to', async () => {
    await using opened = await open('live?q=verdict:forwarded+port:6379&t=now-1h..now');
    const { page } = opened;
    await rows(page).first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await whyOf(page).getByRole('button', { name: 'Explain', exact: true }).waitFor();
    expect(await whyOf(page).locator('.headline').count()).toBe(0);
    await page.keyboard.press('w');
    await whyOf(page)
      .getByText(/^Allowed/)
      .waitFor();
  });

  test('leads on: to similar drops, to the last flow that was allowed, and to a policy', async () => {
    await using opened = await open(DROPS, { prepare: explainedBy('01-default-deny-peer') });
    const { page } = opened;
    await openFirstRow(page);
    await tagOf(page).waitFor();
    const policy = whyOf(page).getByRole('link', { name: 'shop/allow-dns' }).first();
    expect(await policy.getAttribute('href')).toMatch(
      /^\/policies\/NetworkPolicy\/shop\/allow-dns\?t=now-1h\.\.now/,
    );
    const allowed = whyOf(page).getByRole('group', { name: 'Timeline' }).getByRole('link').first();
    expect(await allowed.getAttribute('href')).toContain('sel=4100');
    await whyOf(page)
      .getByRole('link', { name: /same destination/ })
      .click();
    await eventually(() =>
      expect(decodeURIComponent(page.url())).toContain(
        'q=verdict:dropped+to.wl:redis+to.port:6379',
      ),
    );
  });

  test('of a drop that no policy decided it leads to what the reason means', async () => {
    const prepare = explainedBy('12-not-policy');
    await using opened = await open(DROPS, { prepare });
    await openFirstRow(opened.page);
    const link = whyOf(opened.page).getByRole('link', { name: /^What .* means/ });
    expect(await link.getAttribute('href')).toBe('/drops/reasons/POLICY_DENIED');
    expect(
      await whyOf(opened.page)
        .getByRole('group', { name: /^Suggested/ })
        .count(),
    ).toBe(0);
  });

  test('says how policies become known where none are', async () => {
    await using opened = await open(DROPS, { prepare: explainedBy('no-snapshot') });
    const { page } = opened;
    await openFirstRow(page);
    await whyOf(page).getByText('No policies of this time are known').waitFor();
    await whyOf(page).getByRole('link', { name: 'Sources', exact: true }).click();
    await eventually(() => expect(new URL(page.url()).pathname).toBe('/sources'));
  });

  test('says what failed, and asks again on request', async () => {
    let fails = true;
    const prepare = async (page: Page): Promise<void> => {
      const problem = { title: 'The store failed', detail: 'the disk is full', status: 503 };
      await page.route('**/why?*', (route) =>
        fails
          ? route.fulfill({ status: 503, json: { code: 'store-failed', ...problem } })
          : route.continue(),
      );
    };
    await using opened = await open(DROPS, { prepare, mayLog: /503/ });
    const { page } = opened;
    await openFirstRow(page);
    await whyOf(page).getByRole('alert').getByText('the disk is full').waitFor();
    await expectNoViolations(page);
    fails = false;
    await whyOf(page).getByRole('button', { name: 'Try again', exact: true }).click();
    await whyOf(page).locator('.headline').waitFor();
  });
});
