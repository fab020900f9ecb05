import type { Browser, Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DROP_REASONS } from '../../server/core/drop-reasons.ts';
import { openBrowser } from '../support/browser.ts';
import { dropMessage } from '../support/drop-message.ts';
import { eventually } from '../support/eventually.ts';
import { startObserver } from '../support/observer-server.ts';
import { startTestServer } from '../support/page-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { createTestCa } from '../support/tls.ts';

const UNKNOWN_REASON = 250;
const REASONS = [
  ...DROP_REASONS.flatMap(({ number, words }) => (number === undefined ? [] : [{ number, words }])),
  { number: UNKNOWN_REASON, words: 'reason 250, which this version does not know' },
];

let browser: Browser;

beforeAll(async () => {
  browser = await openBrowser();
});

afterAll(async () => {
  await browser.close();
});

test('every drop that a relay tells over mTLS is on the page: verdict, reason in words, ends, port, policy (fault 81)', async () => {
  await using directory = await temporaryDirectory();
  using ca = createTestCa();
  const certificate = ca.issue('ui.hubble-relay.cilium.io');
  await using observer = await startObserver({ tls: { server: certificate, clientCa: ca.ca } });
  await using server = await startTestServer(directory.path, [
    {
      kind: 'hubble-relay',
      name: 'east',
      address: observer.address,
      tls: { ca: ca.ca, ...certificate, serverName: 'ui.hubble-relay.cilium.io' },
    },
  ]);
  const page = await browser.newPage({ viewport: { width: 1_440, height: 900 } });
  await page.goto(`${server.url}live`);
  const stream = await eventually(() => {
    expect(observer.streams).toHaveLength(1);
    return observer.streams[0]!;
  });

  for (const { number } of REASONS) stream.send(dropMessage(number));

  const lane = page.getByRole('group', { name: /drop groups/i });
  const texts = await eventually(async () => {
    const found = await textsOf(lane);
    expect(found).toHaveLength(REASONS.length);
    return found;
  });
  for (const { number, words } of REASONS) {
    const text = texts.find((item) => item.includes(`:${6_000 + number}/TCP`));
    expect(text, words).toContain(words);
    expect(text).toContain('dropped');
    expect(text).toMatch(/shop\/web → to shop\/db-\d+/);
    expect(text).toContain('egress');
    if (number === 181) expect(text).toContain('shop/deny-db');
  }
  await page.close();
}, 60_000);

/** What is used of elements of the page, whose types these tests do not have. */
type Scroller = { scrollTop: number; readonly scrollHeight: number };
type Item = { readonly innerText: string; getAttribute(name: string): string | null };

/** What every item says, from the first to the last; only those in sight are in the document. */
async function textsOf(lane: Locator): Promise<readonly string[]> {
  const texts = new Map<string, string>();
  for (let top = 0; ; top += 100) {
    const height = await lane.evaluate((element: Scroller, to) => {
      element.scrollTop = to;
      return element.scrollHeight;
    }, top);
    await lane.page().evaluate('new Promise((drawn) => requestAnimationFrame(drawn))');
    // At one moment: an item may go while one reads the next.
    const items = await lane
      .getByRole('listitem')
      .evaluateAll((found: Item[]) =>
        found.map((item) => [item.getAttribute('aria-posinset') ?? '', item.innerText] as const),
      );
    for (const [place, text] of items) texts.set(place, text.replaceAll(/\s+/g, ' '));
    if (top > height) return [...texts.values()];
  }
}
