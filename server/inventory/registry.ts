import { AppError } from '../core/errors.ts';
import type { InventorySetting, InventorySource } from '../core/inventory.ts';
import type { Clock } from '../lib/clock.ts';
import { kubernetesWatch } from './kubernetes-watch.ts';
import { manifestFiles } from './manifest-files.ts';

/** The sources of the settings, each with the name that its history hangs on. Throws `bad-setting` for two of one name. */
export function inventorySources(
  settings: readonly InventorySetting[],
  { clock }: { readonly clock: Clock },
): readonly InventorySource[] {
  const sources = settings.map((setting) => openSource(setting, clock));
  const taken = new Set<string>();
  for (const { name } of sources) {
    if (taken.has(name)) {
      throw new AppError(
        'bad-setting',
        `inventory: two sources are called '${name}'; give each a cluster of its own, or leave one out`,
      );
    }
    taken.add(name);
  }
  return sources;
}

function openSource(setting: InventorySetting, clock: Clock): InventorySource {
  const { cluster = '' } = setting;
  switch (setting.kind) {
    case 'kubernetes': {
      const { context, kubeconfig = '' } = setting;
      const name = `kubernetes:${cluster || (context ?? 'current')}`;
      return kubernetesWatch({ name, cluster, kubeconfig, context, clock });
    }
    case 'manifests': {
      const { path } = setting;
      const name = `manifests:${cluster === '' ? '' : `${cluster}=`}${path}`;
      return manifestFiles({ name, cluster, path, clock });
    }
  }
}
