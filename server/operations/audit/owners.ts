import type { Endpoint } from '../../core/flow.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { ConnectionRow } from '../../store/connections.ts';
import type { EdgeOwners } from './audit-shapes.ts';
import type { AuditObject } from './audit.ts';

const PERSONAL = ['owner', 'team'] as const;
const MANAGED_BY = 'app.kubernetes.io/managed-by';

/** Finds owners by the labels of recorded pods, then by the labels and annotations of their namespace. */
export function createOwners(
  objects: readonly AuditObject[],
): (rows: readonly ConnectionRow[]) => EdgeOwners {
  const namespaces = new Map(
    objects
      .filter(({ key }) => key.kind === 'Namespace')
      .map(({ key, manifest }) => [key.name, saidOf(manifest)] as const),
  );
  const ownerOf = (end: Endpoint): string => {
    if (end.kind !== 'workload') return '';
    const own = labelsOf(end);
    const around = namespaces.get(end.namespace) ?? {};
    for (const from of [own, around])
      for (const name of PERSONAL) if (from[name]) return `${name} ${from[name]}`;
    const by = own[MANAGED_BY] ?? around[MANAGED_BY];
    return by === undefined ? '' : `managed by ${by}`;
  };
  return ([row]) => {
    if (row === undefined) return { from: '', to: '' };
    const { source, destination, reply } = row.flow;
    const [client, server] = reply === 'yes' ? [destination, source] : [source, destination];
    return { from: ownerOf(client), to: ownerOf(server) };
  };
}

type Texts = Readonly<Record<string, string>>;

const saidOf = ({ metadata }: Manifest): Texts => ({ ...metadata.annotations, ...metadata.labels });

const labelsOf = ({ labels }: Endpoint): Texts =>
  Object.fromEntries(
    labels.map((label) => {
      const text = label.replace(/^k8s:/, '');
      const equals = text.indexOf('=');
      return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
