import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';

export type OpenPageOptions = {
  readonly colorScheme?: 'light' | 'dark';
  readonly width?: number;
  /** Changes what the server answers, before the page asks. */
  readonly prepare?: (page: Page) => Promise<void>;
  /** Errors of the console that the test makes itself. */
  readonly mayLog?: RegExp;
};

export type OpenPage = AsyncDisposable & { readonly page: Page };

/** Opens an address, and fails the test when the page logs an error or breaks its content policy. */
export async function openPage(
  browser: Browser,
  url: string,
  { colorScheme = 'light', width = 1_440, prepare, mayLog }: OpenPageOptions = {},
): Promise<OpenPage> {
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme,
  });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && mayLog?.test(message.text()) !== true)
      errors.push(message.text());
  });
  await prepare?.(page);
  await page.goto(url);
  return {
    page,
    async [Symbol.asyncDispose]() {
      // An answer that a test changes may still be on its way.
      for (const each of context.pages()) await each.unrouteAll({ behavior: 'ignoreErrors' });
      await context.close();
      expect(errors).toEqual([]);
    },
  };
}
