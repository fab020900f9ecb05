import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from './core/errors.ts';
import type { InventorySetting } from './core/inventory.ts';
import type { SettingRow } from './settings-table.ts';

type Given = Readonly<Record<string, unknown>>;

/** In place of the name of a context: the one that kubectl uses. */
const CURRENT = 'current';

const KUBERNETES: SettingRow = {
  key: 'kubernetes',
  flag: '--kubernetes [context...]',
  env: 'DROPWISE_KUBERNETES',
  fallback: '',
  about:
    "cluster to watch for policies and pods: a context of the kubeconfig, 'current' or 'in-cluster', or either after cluster=",
};

const POLICIES: SettingRow = {
  key: 'policies',
  flag: '--policies <path...>',
  env: 'DROPWISE_POLICIES',
  fallback: '',
  about: 'directory, file or archive of manifests to read policies from, or that after cluster=',
};

/** Settings that name inventory sources; each may be given several times, in the environment separated by commas. */
export const INVENTORY_SETTINGS: readonly SettingRow[] = [KUBERNETES, POLICIES];

/** One inventory source in the settings file. */
export const inventorySetting = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('kubernetes'),
    kubeconfig: z.string().min(1).optional(),
    context: z.string().min(1).optional(),
    cluster: z.string().optional(),
  }),
  z.strictObject({
    kind: z.literal('manifests'),
    path: z.string().min(1),
    cluster: z.string().optional(),
  }),
]);

/** Names of clusters have no such characters as paths and ARNs have. */
const ENTRY = /^(?:([\w.-]+)=)?(.*)$/s;

/** The inventory sources that flags and environment name. */
export function inventoryFromFlags(flags: Given, env: NodeJS.ProcessEnv): unknown[] {
  return [
    ...entriesOf(KUBERNETES, flags, env).map(({ text, ...cluster }) => ({
      kind: 'kubernetes',
      ...(text === CURRENT ? {} : { context: text }),
      ...cluster,
    })),
    ...entriesOf(POLICIES, flags, env).map(({ text, ...cluster }) => ({
      kind: 'manifests',
      path: text,
      ...cluster,
    })),
  ];
}

function entriesOf(
  { key, env: variable }: SettingRow,
  flags: Given,
  env: NodeJS.ProcessEnv,
): readonly { readonly text: string; readonly cluster?: string }[] {
  const flag = flags[key];
  const listed = Array.isArray(flag)
    ? flag.map(String)
    : flag === true
      ? [CURRENT]
      : (env[variable] ?? '').split(',');
  return listed
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map((entry) => {
      const [, cluster, text = ''] = ENTRY.exec(entry) ?? [];
      return { text, ...(cluster === undefined ? {} : { cluster }) };
    });
}

/**
 * Says which kubeconfig is meant where none is named, as kubectl finds it. Throws an AppError `bad-setting` where a
 * cluster is to be found from within, and this is no pod.
 */
export function resolveInventory(
  settings: readonly InventorySetting[],
  env: NodeJS.ProcessEnv,
): readonly InventorySetting[] {
  return settings.map((setting) => {
    if (setting.kind !== 'kubernetes') return setting;
    if (setting.context === 'in-cluster' && env['KUBERNETES_SERVICE_HOST'] === undefined) {
      throw new AppError(
        'bad-setting',
        "inventory: context 'in-cluster' is for a server that runs in a pod, and KUBERNETES_SERVICE_HOST is not set here. " +
          "Name a context of your kubeconfig ('kubectl config get-contexts' lists them).",
      );
    }
    const kubeconfig =
      setting.kubeconfig ?? env['KUBECONFIG'] ?? join(homedir(), '.kube', 'config');
    return { ...setting, kubeconfig };
  });
}
