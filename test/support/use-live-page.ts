import type { Page } from 'playwright-core';

const REST_MS = 700;
/** Rows of the table are as high. */
const ROW_PX = 28;
const MANY_ROWS_PX = 1_500;

/**
 * Does on the Live screen what a person does, over and over for about so long: opens a flow, scrolls, asks for drops
 * alone and for everything again. Answers with how long each answer took, in milliseconds.
 */
export async function useLivePage(
  page: Page,
  forMs: number,
): Promise<Readonly<Record<string, readonly number[]>>> {
  const took = { 'row clicked to its details': [], 'query to its rows': [] as number[] };
  const panel = page.getByRole('complementary');
  const timed = async (into: number[], answer: () => Promise<void>): Promise<void> => {
    const begun = performance.now();
    await answer();
    into.push(performance.now() - begun);
  };
  const ask = async (query: string, rowsOfIt: string): Promise<void> => {
    await page.keyboard.press('/');
    await page.keyboard.press('ControlOrMeta+a');
    if (query === '') await page.keyboard.press('Delete');
    else await page.keyboard.type(query);
    await timed(took['query to its rows'], async () => {
      await page.keyboard.press('Enter');
      await page.locator(rowsOfIt).first().waitFor();
    });
    await page.waitForTimeout(REST_MS);
  };
  const grid = await page.getByRole('grid').boundingBox();
  if (grid === null) throw new Error('no flows are shown');
  const [x, y] = [grid.x + grid.width / 4, grid.y + 4 * ROW_PX];
  const until = performance.now() + forMs;
  while (performance.now() < until) {
    await page.waitForTimeout(REST_MS);
    await timed(took['row clicked to its details'], async () => {
      await page.mouse.click(x, y);
      await panel.waitFor();
    });
    await page.waitForTimeout(REST_MS);
    // The panel goes, and then the row is let go of.
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    for (let down = 0; down < 10; down += 1) {
      await page.mouse.wheel(0, MANY_ROWS_PX / 10);
      await page.waitForTimeout(50);
    }
    await page.keyboard.press('.');
    await page.waitForTimeout(REST_MS);
    await ask('verdict:dropped', '.grid:not(.dimmed):not(:has([data-verdict=allowed]))');
    await ask('', '.grid:not(.dimmed):has([data-verdict=allowed])');
  }
  return took;
}
