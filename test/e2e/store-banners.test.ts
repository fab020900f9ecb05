import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveDropwise } from '../support/dropwise.ts';
import { openBrowser } from '../support/browser.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await openBrowser();
});

afterAll(async () => {
  await browser.close();
});

/** What a banner of the live screen says. Others may stand beside it, such as the gap while the server was down. */
async function bannerOf(url: string, says: string): Promise<string> {
  const page = await browser.newPage({ viewport: { width: 1_440, height: 900 } });
  await page.goto(`${url}live`);
  const banner = page.locator('.banner').filter({ hasText: says }).first();
  const text = await banner.innerText();
  await page.close();
  return text.replaceAll(/\s+/g, ' ');
}

test('the page says why nothing is stored, and since when (fault 65)', async () => {
  await using directory = await temporaryDirectory();
  await using server = await serveDropwise([
    ...['serve', '--port', '0', '--data', directory.path, '--min-free', '1000TB'],
  ]);
  expect(await bannerOf(server.url, 'Nothing is stored')).toMatch(
    /^Nothing is stored since \d\d:\d\d:\d\d\. .*free.* What is shown live until then cannot be found later\.$/,
  );
}, 60_000);

test('the page says that a damaged database was put aside, and where it is (fault 62)', async () => {
  await using directory = await temporaryDirectory();
  const database = join(directory.path, 'dropwise.sqlite');
  const data = ['--data', directory.path];
  {
    await using server = await serveDropwise(['serve', '--port', '0', ...data]);
    expect((await fetch(`${server.url}readyz`)).status).toBe(200);
    await server.stop();
  }
  const file = await open(database, 'r+');
  const { size } = await stat(database);
  await file.write(Buffer.alloc(Math.min(size, 8_192) - 100, 0xa5), 0, undefined, 100);
  await file.close();
  await using server = await serveDropwise(['serve', '--port', '0', ...data]);
  expect(await bannerOf(server.url, 'The store was damaged')).toMatch(
    /^The store was damaged and was put aside when the server started\. .*SQLITE_.* It is kept as .*dropwise/,
  );
}, 90_000);
