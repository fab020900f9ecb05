import { globSync } from 'node:fs';
import { AppError } from '../core/errors.ts';
import type { SourceSetting } from '../core/source-setting.ts';

/** A source with the name that its checkpoint and its flows hang on. */
export type NamedSource = { readonly name: string; readonly setting: SourceSetting };

/**
 * Gives every source its name; files that do not name their node get `nodeName`. Throws an AppError `bad-setting`
 * for two of one name, and for a glob that matches nothing, since that would never be read.
 */
export function nameSources(
  settings: readonly SourceSetting[],
  { nodeName }: { readonly nodeName: string },
): readonly NamedSource[] {
  const named = settings.flatMap(expand).map((setting) => ({
    name: setting.name ?? (setting.kind === 'hubble-relay' ? setting.address : setting.path),
    setting:
      setting.kind === 'hubble-relay' ? setting : { ...setting, node: setting.node ?? nodeName },
  }));
  const taken = new Set<string>();
  for (const { name } of named) {
    if (taken.has(name)) {
      throw new AppError(
        'bad-setting',
        `sources: two of them are called '${name}'; give each a name of its own`,
      );
    }
    taken.add(name);
  }
  return named;
}

/** A glob becomes one source a file. */
function expand(setting: SourceSetting): readonly SourceSetting[] {
  if (setting.kind === 'hubble-relay' || !/[*?[{]/.test(setting.path)) return [setting];
  const paths = globSync(setting.path).sort();
  if (paths.length === 0) {
    throw new AppError(
      'bad-setting',
      `sources: no file matches '${setting.path}' now; name the file itself to wait for it`,
    );
  }
  return paths.map((path) => ({
    ...setting,
    path,
    name: setting.name === undefined ? path : `${setting.name}:${path}`,
  }));
}
