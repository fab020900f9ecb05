import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';

const MARK = 'DEMO';
const DATABASE = 'dropwise.sqlite';

/** Stands in the header of a backup of simulated flows, so that a restore marks its directory again: "DEMO". */
export const DEMO_MARK = 0x44454d4f;

export const isDemo = (directory: string): boolean => existsSync(join(directory, MARK));

/** Whether a directory holds flows that are not the demo's. */
export function holdsRealFlows(directory: string): boolean {
  return existsSync(join(directory, DATABASE)) && !existsSync(join(directory, MARK));
}

/**
 * Keeps made-up flows and real ones apart: a directory belongs to the demo or to real flows from its first use
 * on. Throws an AppError `bad-setting` when it belongs to the other, or cannot be written.
 */
export function claimDirectory(directory: string, { demo }: { readonly demo: boolean }): void {
  if (demo && holdsRealFlows(directory)) {
    throw new AppError(
      'bad-setting',
      `data: '${directory}' holds real flows; the demo needs a directory of its own`,
    );
  }
  const marked = existsSync(join(directory, MARK));
  if (!demo && marked) {
    throw new AppError(
      'bad-setting',
      `data: '${directory}' holds flows of the demo; choose another directory for real ones`,
    );
  }
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    if (demo && !marked) {
      writeFileSync(join(directory, MARK), 'The flows in this directory are simulated.\n');
    }
  } catch (cause) {
    throw new AppError('bad-setting', `data: '${directory}' cannot be written: ${String(cause)}`, {
      cause,
    });
  }
}
