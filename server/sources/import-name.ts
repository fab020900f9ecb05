import { basename, dirname, resolve } from 'node:path';

/** What the names of all imports begin with. */
export const IMPORT_PREFIX = 'import:';

/**
 * Name for a file that was not imported before: its own, without `.gz`, and that of its folder. Where another
 * content has that name, a number tells them apart.
 */
export function importName(path: string, taken: ReadonlySet<string>): string {
  const full = resolve(path);
  const folder = basename(dirname(full));
  const file = basename(full).replace(/\.gz$/, '');
  const name = `${IMPORT_PREFIX}${folder === '' ? '' : `${folder}/`}${file}`;
  let numbered = name;
  for (let number = 2; taken.has(numbered); number += 1) numbered = `${name}@${number}`;
  return numbered;
}
