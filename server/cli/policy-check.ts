import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { createBudget } from '../inventory/archive.ts';
import { manifestTexts } from '../inventory/manifest-texts.ts';
import {
  checkManifests,
  type CheckedFiles,
  type CheckedObject,
  type ManifestFile,
} from '../policy/check/check-manifests.ts';
import { DIALECTS } from '../policy/registry.ts';
import { escapeControls, printJson, writeOut, type OutputFormat } from './print.ts';

/**
 * Says of each policy at some paths whether a cluster would take it. Throws an AppError `bad-file` where a path cannot be
 * read, and `policy-refused` where a cluster would refuse something.
 */
export async function checkPolicies(
  paths: readonly string[],
  { output }: { readonly output: OutputFormat },
): Promise<void> {
  const files: ManifestFile[] = [];
  for (const path of paths) files.push(...(await readFiles(path)));
  if (files.length === 0)
    throw new AppError('bad-file', `no file of ${paths.join(', ')} is a manifest`);
  const checked = checkManifests(files, Object.values(DIALECTS));
  const refused = checked.objects.filter(({ state }) => state === 'refused').length;
  const valid = checked.objects.length - refused;
  if (output === 'json') printJson({ valid, refused, ...checked });
  else await printChecked(checked, { valid, refused });
  if (refused > 0)
    throw new AppError('policy-refused', `${refused} of ${checked.objects.length} objects`);
}

async function readFiles(path: string): Promise<readonly ManifestFile[]> {
  const files: ManifestFile[] = [];
  try {
    for await (const { name, text } of manifestTexts(path, createBudget()))
      files.push({ name: path.endsWith(name) ? path : join(path, name), text });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new AppError('bad-file', `${path}: ${why}`, { cause: error });
  }
  return files;
}

async function printChecked(
  { objects, others, hasPods }: CheckedFiles,
  { valid, refused }: { readonly valid: number; readonly refused: number },
): Promise<void> {
  for (const object of objects) await writeOut(objectText(object));
  const lines = [
    `${valid} valid, ${refused} refused; ${others} objects are no policies`,
    ...(hasPods
      ? []
      : ['what the policies select is not known: the files have no pods or workloads']),
  ];
  await writeOut(`${lines.join('\n')}\n`);
}

function objectText({ file, line, object, state, notes }: CheckedObject): string {
  const what = state === 'refused' ? 'refused' : 'note';
  const lines = [
    ...(object === '' ? [] : [`${file}:${line}: ${object} is ${state}`]),
    ...notes.map((note) => `${file}:${note.line}: ${what}: ${note.text}`),
  ];
  return lines.map((each) => `${escapeControls(each)}\n`).join('');
}
