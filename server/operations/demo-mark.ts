import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';

const MARK = 'DEMO';
const DATABASE = 'dropwise.sqlite';

/**
 * Keeps made-up flows and real ones apart: a directory belongs to the demo or to real sources from its first
 * use on. Throws an AppError `bad-setting` when it belongs to the other.
 */
export function markStore(directory: string, demo: boolean): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const marked = existsSync(join(directory, MARK));
  const used = existsSync(join(directory, DATABASE));
  if (demo && used && !marked) {
    throw new AppError(
      'bad-setting',
      `data: '${directory}' holds real flows; the demo needs a directory of its own`,
    );
  }
  if (!demo && marked) {
    throw new AppError(
      'bad-setting',
      `data: '${directory}' holds flows of the demo; choose another directory for real ones`,
    );
  }
  if (demo && !marked)
    writeFileSync(join(directory, MARK), 'The flows in this directory are simulated.\n');
}
