import { AppError } from '../core/errors.ts';
import type { SourceSetting } from '../core/source-setting.ts';

/** A source with the name that its checkpoint and its flows hang on. */
export type NamedSource = { readonly name: string; readonly setting: SourceSetting };

/**
 * Gives every source its name; files that do not name their node get `nodeName`. Throws an AppError `bad-setting`
 * for two of one name.
 */
export function nameSources(
  settings: readonly SourceSetting[],
  { nodeName }: { readonly nodeName: string },
): readonly NamedSource[] {
  const named = settings.map((setting) => ({
    name: setting.name ?? placeOf(setting),
    setting: 'path' in setting ? { ...setting, node: setting.node ?? nodeName } : setting,
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

function placeOf(setting: SourceSetting): string {
  switch (setting.kind) {
    case 'hubble-relay':
    case 'goldmane':
      return setting.address;
    case 'hubble-file':
    case 'calico-file':
      return setting.path;
    case 'goldmane-push':
      return `push:${setting.listen}`;
  }
}
