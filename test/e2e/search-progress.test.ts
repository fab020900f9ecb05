import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FlowReader, FlowStore } from '../../server/store/flow-store.ts';
import { openApi } from '../support/api.ts';
import { openBrowser } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { aFlow, batchOf } from '../support/flow.ts';
import '../../web/build-if-stale.ts';

const BATCHES = 8;

let browser: Browser;

beforeAll(async () => {
  browser = await openBrowser();
});

afterAll(async () => {
  await browser.close();
});

/** A store in which each part of a search looks at one block, and none goes on before it is let. */
function slowReader(gate: { wait(): Promise<void> }) {
  return (store: FlowStore): FlowReader => ({
    ...store,
    async page(query, request) {
      if (request.workMs === undefined) return store.page(query, request);
      await gate.wait();
      return store.page(query, { ...request, workMs: 0 });
    },
  });
}

function createGate() {
  const waiting: (() => void)[] = [];
  return {
    wait: () => new Promise<void>((resolve) => void waiting.push(resolve)),
    /** Lets the part that waits go on, once there is one. */
    async letOne(): Promise<void> {
      await eventually(() => expect(waiting).not.toEqual([]));
      waiting.shift()?.();
    },
    get waiting() {
      return waiting.length;
    },
  };
}

test('a long search says how far it is, stops when asked to, and goes on from there', async () => {
  const gate = createGate();
  await using api = await openApi({ reader: slowReader(gate), page: true });
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const flows = Array.from({ length: 20 }, () => aFlow());
    // One in the newest block and one in the oldest.
    const found = batch === 0 || batch === BATCHES - 1 ? [aFlow({ sourcePort: 777 })] : [];
    await api.store.append(batchOf([...flows, ...found]));
  }
  const page = await browser.newPage();
  await page.goto(
    `${api.url}/live?q=from.port:777&qv=1&t=2026-02-02T02:00:00Z..2026-02-02T04:00:00Z`,
  );
  const line = page.getByText('not looked at');
  const rows = page.locator('.row[data-verdict]');

  await gate.letOne();
  await eventually(async () => {
    expect(await line.innerText()).toMatch(
      /^searching, now at .* · 1 found · 141 flows not looked at$/,
    );
    expect(await rows.count()).toBe(1);
  });

  await page.getByRole('button', { name: 'stop', exact: true }).click();
  await gate.letOne();
  const searchOn = page.getByRole('button', { name: 'search on', exact: true });
  await searchOn.waitFor();
  await eventually(async () =>
    expect(await line.innerText()).toMatch(/^stopped at .* · 1 found · 121 flows not looked at$/),
  );
  expect(gate.waiting).toBe(0);

  await searchOn.click();
  for (let part = 2; part < BATCHES; part += 1) await gate.letOne();
  await eventually(async () => expect(await rows.count()).toBe(2));
  await line.waitFor({ state: 'detached' });
  await page.close();
});
