import { KubeConfig, type User } from '@kubernetes/client-node';
import { readFileSync } from 'node:fs';
import { delimiter, dirname, resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { isRecord } from '../core/manifest.ts';

/** In place of the name of a context: the service account of the pod that this server runs in. */
const IN_CLUSTER = 'in-cluster';

export type KubeConfigOptions = {
  /** One path, or several as `KUBECONFIG` has them; the first that names a thing wins. */
  readonly kubeconfig: string;
  readonly context: string | undefined;
};

/** Reads which server to ask and who to be. Throws where the files cannot be read or lack the context. */
export function loadKubeConfig({ kubeconfig, context }: KubeConfigOptions): KubeConfig {
  const config = new KubeConfig();
  if (context === IN_CLUSTER) {
    config.loadFromCluster();
    return config;
  }
  const [first = '', ...others] = kubeconfig.split(delimiter).filter((path) => path !== '');
  readInto(config, first);
  for (const path of others) {
    const other = new KubeConfig();
    readInto(other, path);
    config.mergeConfig(other, true);
  }
  if (context !== undefined) config.setCurrentContext(context);
  if (config.getCurrentCluster() === null) {
    const known = config.getContexts().map(({ name }) => name);
    throw new Error(
      `${kubeconfig} has no context '${config.getCurrentContext()}'; it has ${known.join(', ') || 'none'}`,
    );
  }
  return config;
}

function readInto(config: KubeConfig, path: string): void {
  config.loadFromFile(path);
  const content: unknown = parseYaml(readFileSync(path, 'utf8'), { maxAliasCount: 100 });
  const users = isRecord(content) && Array.isArray(content['users']) ? content['users'] : [];
  config.users = config.users.map((user) => withTokenFile(user, users, dirname(path)));
}

/** The client knows the file of a token only for the service account of a pod; kubectl knows it for every user. */
function withTokenFile(user: User, listed: readonly unknown[], folder: string): User {
  const given = listed.find((each) => isRecord(each) && each['name'] === user.name);
  const fields = isRecord(given) && isRecord(given['user']) ? given['user'] : {};
  const path = fields['tokenFile'];
  if (typeof path !== 'string') return user;
  const tokenFile = resolve(folder, path);
  return { ...user, authProvider: { name: 'tokenFile', config: { tokenFile } } };
}
