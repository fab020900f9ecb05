import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

type Looked = {
  /** Said when it fails: which of several looks it was. */
  readonly what?: string;
  /** The part of the page that is looked at, as a selector. */
  readonly within?: string;
};

/** Pages begin in the light one, and end in it. */
const THEMES = ['dark', 'light'] as const;

/** Looks at one page in each theme, which differ in nothing but colour. */
export async function expectNoViolationsInAnyTheme(page: Page, looked: Looked = {}): Promise<void> {
  for (const colorScheme of THEMES) {
    await page.emulateMedia({ colorScheme });
    await expectNoViolations(page, { ...looked, what: `${looked.what ?? ''} ${colorScheme}` });
  }
}

/** Fails with every rule of axe that the page breaks, and the elements that break it. */
export async function expectNoViolations(
  page: Page,
  { what = '', within = 'html' }: Looked = {},
): Promise<void> {
  // The page has no frames: all is done in it, where axe would else open a second page to sum up.
  const axe = new AxeBuilder({ page }).include(within).setLegacyMode();
  const { violations } = await axe.analyze();
  const found = violations.map(({ id, nodes }) => ({ id, at: nodes.map((node) => node.html) }));
  expect(found, what).toEqual([]);
}
