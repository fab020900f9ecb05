import { readFile } from 'node:fs/promises';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { KNOWN_RANGE, openKnownPage, timesOf, type KnownPage } from '../support/known-page.ts';
import { expectNoViolations } from '../support/no-violations.ts';

const PAST = `/live?t=${KNOWN_RANGE}&tz=utc`;

let known: KnownPage;

beforeAll(async () => {
  known = await openKnownPage();
});

afterAll(async () => {
  await known[Symbol.asyncDispose]();
});

const showsTimes = (page: Page, times: readonly string[]): Promise<void> =>
  eventually(async () => expect(await timesOf(page)).toEqual(times));

const queryOf = (page: Page): string => new URL(page.url()).searchParams.get('q') ?? '';

const barHolds = (page: Page, query: string): Promise<void> =>
  eventually(async () => expect(await page.locator('.cm-content').innerText()).toBe(query));

const colsAre = (page: Page, cols: string): Promise<void> =>
  eventually(() => expect(new URL(page.url()).searchParams.get('cols')).toBe(cols));

const clipboard = (page: Page): Promise<string> =>
  page.evaluate<string>('navigator.clipboard.readText()');

async function press(page: Page, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
}

/** Chooses in the palette by what is typed, once it is what Enter would take. */
async function command(page: Page, text: string): Promise<void> {
  await press(page, 'ControlOrMeta+k');
  await page.getByRole('dialog', { name: 'Command palette' }).waitFor();
  await page.keyboard.type(text);
  await page.getByRole('option', { name: new RegExp(text, 'i'), selected: true }).waitFor();
  await press(page, 'Enter');
}

/** The flow of that time is in the panel, where what is told of its neighbours may name the time once more. */
const seen = (panel: Locator, time: string): Promise<void> =>
  panel.getByText(time).first().waitFor();

test('from opening to the flow of interest, its record and a link to it, with the keyboard alone', async () => {
  await using opened = await known.open(PAST);
  const { page } = opened;
  await showsTimes(page, ['10:06', '10:05', '10:04', '10:03', '10:02', '10:01']);

  // A view, then the cell of a row: drops to redis.
  await command(page, 'all drops');
  await eventually(() => expect(queryOf(page)).toBe('verdict:dropped'));
  await page.goBack();
  await showsTimes(page, ['10:06', '10:05', '10:04', '10:03', '10:02', '10:01']);
  await press(page, 'j', 'j', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'f');
  await eventually(() => expect(queryOf(page)).toBe('to.ns:shop to.wl:redis'));
  await showsTimes(page, ['10:05', '10:03', '10:02']);

  // Without what was allowed: the cell of the second row is excluded.
  await press(page, 'j', 'j', 'ArrowLeft', 'ArrowLeft', 'x');
  await eventually(() => expect(queryOf(page)).toBe('to.ns:shop to.wl:redis -verdict:forwarded'));
  await showsTimes(page, ['10:05', '10:02']);

  // The panel, and the events of the same pair before it and after.
  await press(page, 'j', 'Enter');
  const panel = page.getByRole('complementary');
  await seen(panel, '2026-05-03T10:05:00.000000000Z');
  await press(page, '[');
  await seen(panel, '2026-05-03T10:02:00.000000000Z');
  await press(page, '[');
  await page.getByText('No earlier event of this pair is stored').waitFor();
  await press(page, ']');
  await seen(panel, '2026-05-03T10:05:00.000000000Z');

  await press(page, 'c', 'Enter');
  await page.getByText('Copied the link').waitFor();
  const link = await clipboard(page);
  expect(link).toContain('sel=5');
  expect(link).toContain('asof=6');

  await press(page, 'Escape');
  await eventually(async () => expect(await panel.count()).toBe(0));
  await press(page, '.');
  await eventually(() => expect(new URL(page.url()).searchParams.get('t')).toBeNull());
});

describe('chips', () => {
  test('exclude and remove a term with a key each, and are a view of the text', async () => {
    await using opened = await known.open(`${PAST}&q=verdict:dropped+port:6379`);
    const { page } = opened;
    await showsTimes(page, ['10:05', '10:02']);
    await page.getByRole('button', { name: 'Not port:6379' }).focus();
    await press(page, 'Enter');
    await eventually(() => expect(queryOf(page)).toBe('verdict:dropped -port:6379'));
    await barHolds(page, 'verdict:dropped -port:6379');
    await showsTimes(page, ['10:04']);
    await press(page, 'ArrowLeft', 'Delete');
    await eventually(() => expect(queryOf(page)).toBe('-port:6379'));
    await showsTimes(page, ['10:06', '10:04', '10:01']);
    await press(page, 'Delete');
    await eventually(() => expect(queryOf(page)).toBe(''));
    await page.locator('.cm-editor.cm-focused').waitFor();
  });
});

describe('the columns', () => {
  test('are chosen and put in order with the keyboard, and stand in the address', async () => {
    await using opened = await known.open(`${PAST}&cols=time,verdict`);
    const { page } = opened;
    await command(page, 'columns');
    const dialog = page.getByRole('dialog', { name: 'Columns', exact: true });
    const l7 = dialog.getByRole('checkbox', { name: 'L7', exact: true });
    await l7.press('Space');
    await colsAre(page, 'time,verdict,l7');
    await l7.press('Alt+ArrowUp');
    await colsAre(page, 'time,l7,verdict');
    await expectNoViolations(page);
    await press(page, 'Escape');
    await eventually(async () =>
      expect(await page.getByRole('columnheader').allInnerTexts()).toEqual([
        'Time',
        'L7',
        'Verdict',
      ]),
    );
    // One step back undoes all that was picked.
    await page.goBack();
    await colsAre(page, 'time,verdict');
  });
});

describe('copy as', () => {
  test.each([
    ['Query', 'verdict:dropped port:6379'],
    ['Hubble command', /^hubble observe .*DROPPED.*6379/],
    [
      'Rows for a spreadsheet (TSV)',
      /^Time\tSource\n2026-05-03T10:05:00\.000000000Z\tshop\/checkout\n/,
    ],
    ['Rows as JSON', /^\[\n {2}\{\n {4}"id"/],
  ])('%s', async (name, text) => {
    await using opened = await known.open(`${PAST}&q=verdict:dropped+port:6379&cols=time,source`);
    const { page } = opened;
    await showsTimes(page, ['10:05', '10:02']);
    await press(page, 'c');
    const item = page.getByRole('menuitem', { name });
    await eventually(async () => expect(await item.getAttribute('aria-disabled')).toBe('false'));
    await expectNoViolations(page);
    await item.focus();
    await press(page, 'Enter');
    await page.getByText(/^Copied/).waitFor();
    expect(await clipboard(page)).toMatch(text);
  });
});

describe('an export from the menu', () => {
  test('says how much it is, and holds what is on screen', async () => {
    await using opened = await known.open(`${PAST}&q=verdict:dropped&cols=time,from.pod`);
    const { page } = opened;
    await showsTimes(page, ['10:05', '10:04', '10:02']);
    await command(page, 'export');
    const item = page.getByRole('menuitem', { name: /^CSV.* 3 records$/ });
    await item.waitFor();
    await expectNoViolations(page);
    const downloading = page.waitForEvent('download');
    await item.press('Enter');
    const download = await downloading;
    expect(download.suggestedFilename()).toMatch(/^dropwise-flows-.*\.csv$/);
    expect(await readFile(await download.path(), 'utf8')).toBe(
      'time,from.pod\r\n' +
        '2026-05-03T10:05:00.000000000Z,checkout-0\r\n' +
        '2026-05-03T10:04:00.000000000Z,web-0\r\n' +
        '2026-05-03T10:02:00.000000000Z,checkout-0\r\n',
    );
  });
});

describe('saved views', () => {
  test('of one browser are kept, and those that are shared are there for another', async () => {
    await using opened = await known.open(`${PAST}&q=port:6379`);
    const { page } = opened;
    await showsTimes(page, ['10:05', '10:03', '10:02']);
    await press(page, 'v');
    const dialog = page.getByRole('dialog', { name: 'Saved views' });
    const name = dialog.getByRole('textbox', { name: /save what is on screen/i });
    await name.fill('Redis');
    await press(page, 'Enter');
    await dialog.getByText('Saved “Redis”.').waitFor();
    await name.fill('Redis for all');
    await dialog.getByRole('checkbox', { name: 'shared', exact: true }).check();
    await dialog.getByRole('button', { name: 'Save', exact: true }).click();
    await dialog.getByText('Saved “Redis for all”.').waitFor();
    await expectNoViolations(page);
    await page.reload();
    await page.getByRole('button', { name: 'Redis', exact: true }).waitFor();

    await using other = await known.open('/live');
    await other.page.locator('.cm-content').waitFor();
    await press(other.page, 'v');
    const list = other.page.getByRole('list', { name: 'Shared', exact: true });
    await list.getByRole('button', { name: /^Redis for all/ }).click();
    await showsTimes(other.page, ['12:05', '12:03', '12:02']);
    await eventually(() => expect(queryOf(other.page)).toBe('port:6379'));
    await press(other.page, 'v');
    await other.page.getByRole('button', { name: 'Delete Redis for all', exact: true }).click();
    await other.page.getByText('Everybody who uses this server sees them.').waitFor();
    expect(await other.page.getByRole('list', { name: 'Mine' }).count()).toBe(0);
  });
});

describe('the palette', () => {
  test.each([
    { colorScheme: 'light', width: 1_440 },
    { colorScheme: 'dark', width: 390 },
  ] as const)('completes query terms ($colorScheme, $width wide)', async (options) => {
    await using opened = await known.open(PAST, options);
    const { page } = opened;
    await showsTimes(page, ['10:06', '10:05', '10:04', '10:03', '10:02', '10:01']);
    await press(page, 'ControlOrMeta+k');
    await page.getByRole('dialog', { name: 'Command palette' }).waitFor();
    await expectNoViolations(page);
    await page.keyboard.type('to.wl:re');
    await page.getByRole('option', { name: /^to\.wl:redis/ }).waitFor();
    await expectNoViolations(page);
    await page.getByRole('option', { name: /^to\.wl:redis/ }).click();
    const filter = page.getByRole('option', { name: /^Filter on to\.wl:redis/, selected: true });
    await filter.waitFor();
    await press(page, 'Enter');
    await eventually(() => expect(queryOf(page)).toBe('to.wl:redis'));
    await showsTimes(page, ['10:05', '10:03', '10:02']);
    await expectNoViolations(page);
  });
});
