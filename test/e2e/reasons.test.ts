import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DROP_REASONS } from '../../server/core/drop-reasons.ts';
import { eventually } from '../support/eventually.ts';
import { KNOWN_RANGE, openKnownPage, type KnownPage } from '../support/known-page.ts';
import { expectNoViolations, expectNoViolationsInAnyTheme } from '../support/no-violations.ts';

let known: KnownPage;

beforeAll(async () => {
  known = await openKnownPage();
});

afterAll(async () => {
  await known[Symbol.asyncDispose]();
});

const range = `t=${encodeURIComponent(KNOWN_RANGE)}`;

describe('drop reasons', () => {
  test.each([1_440, 390])(
    'axe finds nothing on the list and on a reason, %i wide',
    async (width) => {
      await using opened = await known.open('/drops/reasons', { width });
      const { page } = opened;
      await page.getByText(`${DROP_REASONS.length} of ${DROP_REASONS.length} reasons`).waitFor();
      await expectNoViolationsInAnyTheme(page, { what: 'list' });
      await page.goto(`${known.api.url}/drops/reasons/CT_MAP_INSERTION_FAILED?${range}`);
      await page.getByRole('heading', { name: 'Usual causes' }).waitFor();
      await page.getByText('filled in from the latest').waitFor();
      await expectNoViolationsInAnyTheme(page, { what: 'reason' });
    },
  );

  test('from a drop group to what its reason means, what to run, and back to the group', async () => {
    await using opened = await known.open(`/drops?${range}&q=port:443`);
    const { page } = opened;
    const panel = page.getByRole('complementary', { name: 'Drop group' });
    await page.locator('tbody tr[data-state]').first().getByRole('button').click();
    await panel.getByRole('link', { name: 'CT_MAP_INSERTION_FAILED' }).first().click();
    await page.getByText('almost always because it is full').waitFor();
    expect(new URL(page.url()).pathname).toBe('/drops/reasons/CT_MAP_INSERTION_FAILED');
    const runs = page.getByRole('listitem').filter({ hasText: 'tracked connections' });
    await eventually(async () => {
      const command = await runs.locator('code').innerText();
      expect(command).toContain('spec.nodeName=node-1');
      expect(command).toContain('grep -F 10.0.0.1');
    });
    await page.getByRole('link', { name: /shop\/web to world/ }).click();
    await panel.getByRole('heading', { level: 2 }).waitFor();
    expect(new URL(page.url()).pathname).toMatch(/^\/drops\/.+CT_MAP_INSERTION_FAILED/);
  });

  test('are found by number, and a reason newer than the page is one too', async () => {
    await using opened = await known.open('/drops/reasons');
    const { page } = opened;
    await page.getByRole('searchbox').fill('151');
    await page.getByText(`1 of ${DROP_REASONS.length} reasons`).waitFor();
    await page.getByRole('link', { name: 'STALE_OR_UNROUTABLE_IP' }).click();
    await page.getByText('which pod has the destination address now').first().waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('What drop reasons mean').waitFor();
    await page.goto(`${known.api.url}/drops/reasons/250`);
    await page.getByText('newer than this version').waitFor();
  });
});

describe('the panel of a dropped flow', () => {
  test('says what the flows around it tell, whether it does harm, and what to run', async () => {
    await using opened = await known.open(`/live?${range}&sel=5`);
    const { page } = opened;
    const section = page.getByRole('region', { name: 'What the flows around it say' });
    await section.getByText('not seen').first().waitFor();
    await section.getByText('2 attempts, and none went through.').waitFor();
    await section.getByText('What to run').click();
    await section.getByText('kubectl -n shop get networkpolicies').waitFor();
    await expectNoViolations(page);
  });

  test('has nothing of the kind where the flow was let through', async () => {
    await using opened = await known.open(`/live?${range}&sel=1`);
    const { page } = opened;
    await page
      .getByRole('complementary', { name: 'Flow' })
      .getByText('Every recorded field')
      .waitFor();
    expect(await page.getByText('What the flows around it say').count()).toBe(0);
  });
});

test('drop groups are shown by the harm they do, all of them unless chosen', async () => {
  await using opened = await known.open(`/drops?${range}`);
  const { page } = opened;
  const rows = page.locator('tbody tr[data-state]');
  await eventually(async () => expect(await rows.count()).toBe(2));
  await rows.first().locator('[data-harm]').waitFor();
  const chips = page.getByRole('group', { name: 'Drop groups by harm' });
  await chips.getByRole('button', { name: /harmful/ }).click();
  await eventually(async () => expect(await rows.count()).toBe(1));
  expect(page.url()).toContain('harm=harmful');
  await rows.filter({ hasText: 'redis' }).waitFor();
});
