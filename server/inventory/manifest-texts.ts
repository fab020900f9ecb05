import type { Stats } from 'node:fs';
import { lstat, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import {
  archiveTexts,
  isArchive,
  isManifestName,
  type Budget,
  type ManifestText,
} from './archive.ts';

type Found = { readonly path: string; readonly name: string; readonly info: Stats };

/** The texts of a directory with all below it, of a file, or of an archive. */
export async function* manifestTexts(path: string, budget: Budget): AsyncGenerator<ManifestText> {
  const info = await stat(path);
  if (!info.isDirectory() && isArchive(path)) {
    yield* archiveTexts(path, budget);
    return;
  }
  for (const { path: file, name } of await manifestsAt(path, info, budget)) {
    // Between the look and the reading it may have grown.
    budget.take((await stat(file)).size);
    yield { name, text: await readFile(file, 'utf8') };
  }
}

/** Changes whenever a file of them does, comes or goes. Throws as `stat` does where there is nothing. */
export async function signatureOf(path: string, budget: Budget): Promise<string> {
  const info = await stat(path);
  const found = await manifestsAt(path, info, budget);
  return found
    .map(({ name, info: { size, mtimeMs, ino } }) => `${name} ${size} ${mtimeMs} ${ino}`)
    .join('\n');
}

async function manifestsAt(path: string, info: Stats, budget: Budget): Promise<readonly Found[]> {
  if (!info.isDirectory()) return [{ path, name: basename(path), info }];
  const root = await realpath(path);
  const found: Found[] = [];
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      budget.countFile();
      const at = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!entry.name.startsWith('.') && entry.name !== 'node_modules') folders.push(at);
      } else if (isManifestName(entry.name)) {
        const file = await fileWithin(root, at);
        if (file !== undefined) found.push({ path: at, name: relative(root, at), info: file });
      }
    }
  }
  return found.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** A mounted ConfigMap is links within its own folder; a link out of it is nobody's manifest. */
async function fileWithin(root: string, path: string): Promise<Stats | undefined> {
  try {
    const info = await lstat(path);
    if (!info.isSymbolicLink()) return info.isFile() ? info : undefined;
    const target = await realpath(path);
    if (!target.startsWith(root + sep)) return undefined;
    const linked = await stat(target);
    return linked.isFile() ? linked : undefined;
  } catch {
    // It went between two looks; the next one finds what is there.
    return undefined;
  }
}
