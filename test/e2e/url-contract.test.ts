import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { KNOWN_RANGE, openKnownPage, timesOf, type KnownPage } from '../support/known-page.ts';

/** An address that people have kept. What one of them shows never changes; add some, alter none. */
type KeptAddress = {
  readonly what: string;
  readonly url: string;
  /** Text of the query bar. */
  readonly query: string;
  readonly times: readonly string[];
  readonly columns?: readonly string[];
  readonly chips?: readonly string[];
  /** Time of the row that is marked. */
  readonly selected?: string;
  /** Heading of the panel; null: none is open. */
  readonly panel: string | null;
  readonly alert?: string;
  readonly text?: string;
};

const KEPT = JSON.parse(
  readFileSync(new URL('../fixtures/urls.json', import.meta.url), 'utf8'),
) as readonly KeptAddress[];

let known: KnownPage;

beforeAll(async () => {
  known = await openKnownPage();
});

afterAll(async () => {
  await known[Symbol.asyncDispose]();
});

async function chipsOf(page: Page): Promise<readonly string[]> {
  const chips = page.getByRole('list', { name: 'Terms of the query' }).getByRole('listitem');
  return (await chips.allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' ').trim());
}

async function markedOf(page: Page): Promise<readonly string[]> {
  const times = page.locator('[role=row][aria-selected=true] [data-column=time]');
  return (await times.allInnerTexts()).map((text) => text.trim().slice(0, 5));
}

async function expectShown(page: Page, kept: KeptAddress): Promise<void> {
  if (kept.alert !== undefined) await page.getByRole('alert').getByText(kept.alert).waitFor();
  if (kept.text !== undefined) await page.getByText(kept.text).waitFor();
  const headings = page.getByRole('complementary').getByRole('heading', { level: 2 });
  if (kept.panel !== null) await headings.filter({ hasText: kept.panel }).waitFor();
  await eventually(async () => {
    expect(await timesOf(page)).toEqual(kept.times);
    expect(await page.locator('.cm-content').innerText()).toContain(kept.query);
    if (kept.columns !== undefined)
      expect(await page.getByRole('columnheader').allInnerTexts()).toEqual(kept.columns);
    if (kept.chips !== undefined) expect(await chipsOf(page)).toEqual(kept.chips);
    expect(await markedOf(page)).toEqual(kept.selected === undefined ? [] : [kept.selected]);
    if (kept.panel === null) expect(await headings.count()).toBe(0);
  });
}

describe('an address that was kept', () => {
  test.each(KEPT)('shows $what', async (kept) => {
    await using opened = await known.open(kept.url);
    await expectShown(opened.page, kept);
    await opened.page.reload();
    await expectShown(opened.page, kept);
  });
});

test('Back and Forward go through queries, columns, range and panel', async () => {
  await using opened = await known.open(`/live?t=${KNOWN_RANGE}&tz=utc`);
  const { page } = opened;
  const ALL = ['10:06', '10:05', '10:04', '10:03', '10:02', '10:01'];
  const shown = async (times: readonly string[], panels: number): Promise<void> =>
    eventually(async () => {
      expect(await timesOf(page)).toEqual(times);
      expect(await page.getByRole('complementary').count()).toBe(panels);
    });
  await shown(ALL, 0);
  await page.keyboard.press('/');
  await page.keyboard.type('verdict:dropped');
  await page.keyboard.press('Enter');
  await shown(['10:05', '10:04', '10:02'], 0);
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await shown(['10:05', '10:04', '10:02'], 1);
  await page.keyboard.press('j');
  await eventually(() => expect(page.url()).toContain('sel=4'));

  // Moving within the open panel is no step of its own.
  await page.goBack();
  await shown(['10:05', '10:04', '10:02'], 0);
  await page.goBack();
  await shown(ALL, 0);
  await page.goForward();
  await shown(['10:05', '10:04', '10:02'], 0);
  await eventually(async () =>
    expect(await page.locator('.cm-content').innerText()).toBe('verdict:dropped'),
  );
  await page.goForward();
  await shown(['10:05', '10:04', '10:02'], 1);
});

test('the link that is copied shows the same after more was stored', async () => {
  await using opened = await known.open(`/live?q=port:6379&t=${KNOWN_RANGE}&tz=utc`);
  const { page } = opened;
  await eventually(async () => expect(await timesOf(page)).toHaveLength(3));
  await page.keyboard.press('y');
  await page.getByText('Copied the link').waitFor();
  const link = await page.evaluate<string>('navigator.clipboard.readText()');
  expect(link).toContain('asof=6');
  await page.goto(link);
  await page.getByText('as of record 6').waitFor();
  await eventually(async () => expect(await timesOf(page)).toHaveLength(3));
});
