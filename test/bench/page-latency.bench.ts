/** From the moment a relay sends a drop to the moment its row is in the page, at 1,000 flows a second. */
import { demoFlows } from '../../server/demo/generate.ts';
import { openBrowser } from '../support/browser.ts';
import { dropMessage } from '../support/drop-message.ts';
import { eventually } from '../support/eventually.ts';
import { print, spread } from '../support/measure.ts';
import { startObserver } from '../support/observer-server.ts';
import { startTestServer } from '../support/page-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const FLOWS_PER_SECOND = 1_000;
const DROPS = 40;
const PAUSE_MS = 500;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

await using directory = await temporaryDirectory();
await using observer = await startObserver();
await using server = await startTestServer(directory.path, [
  { kind: 'hubble-relay', name: 'east', address: observer.address },
]);
const browser = await openBrowser();
try {
  const page = await browser.newPage({ viewport: { width: 1_440, height: 900 } });
  await page.goto(`${server.url}live`);
  const stream = await eventually(() => {
    const [first] = observer.streams;
    if (first === undefined) throw new Error('the server did not connect');
    return first;
  });
  const load = demoFlows({
    seed: 1,
    count: 1_000_000,
    startAt: Date.now(),
    perSecond: FLOWS_PER_SECOND,
  });
  const feed = setInterval(() => {
    for (let at = 0; at < FLOWS_PER_SECOND / 50; at += 1) {
      const next = load.next();
      if (next.done !== true) stream.send(next.value.bytes);
    }
  }, 20);
  await pause(3_000);

  const waits: number[] = [];
  for (let drop = 0; drop < DROPS; drop += 1) {
    const port = 6_000 + 1_000 + drop;
    const shown = page.getByText(`:${port}/TCP`).first().waitFor({ timeout: 10_000 });
    const sentAt = performance.now();
    stream.send(dropMessage(1_000 + drop));
    await shown;
    waits.push(performance.now() - sentAt);
    await pause(PAUSE_MS);
  }
  clearInterval(feed);
  const sorted = waits.toSorted((a, b) => a - b);
  print({
    name: `drop sent to drop on the page, ${FLOWS_PER_SECOND} flows/s`,
    unit: 'ms',
    rounds: DROPS,
    ...spread(waits),
    p95: Math.round(sorted[Math.floor(DROPS * 0.95)] ?? 0),
  });
} finally {
  await browser.close();
}
