import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

export type Labels = Readonly<Record<string, string>>;

export type Selector = {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
};

export type Port = { readonly port: string | number; readonly protocol?: string };

export type KubernetesPeer = {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string };
};

export type CiliumRule = {
  readonly fromEndpoints?: readonly Selector[];
  readonly toEndpoints?: readonly Selector[];
  readonly fromEntities?: readonly string[];
  readonly toEntities?: readonly string[];
  readonly toFQDNs?: readonly { readonly matchName: string }[];
  readonly toCIDR?: readonly string[];
  readonly authentication?: { readonly mode: string };
  readonly toPorts?: readonly {
    readonly ports: readonly Port[];
    readonly rules?: {
      readonly http?: readonly { readonly method: string; readonly path: string }[];
      readonly dns?: readonly unknown[];
    };
  }[];
};

type KubernetesRule = {
  readonly from?: readonly KubernetesPeer[];
  readonly to?: readonly KubernetesPeer[];
  readonly ports?: readonly Port[];
};

export type DemoManifest = {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: {
    readonly podSelector?: Selector;
    readonly endpointSelector?: Selector;
    readonly policyTypes?: readonly string[];
    readonly enableDefaultDeny?: { readonly ingress?: boolean; readonly egress?: boolean };
    readonly ingress?: readonly (KubernetesRule & CiliumRule)[];
    readonly egress?: readonly (KubernetesRule & CiliumRule)[];
    readonly ingressDeny?: readonly CiliumRule[];
    readonly egressDeny?: readonly CiliumRule[];
  };
};

const DIRECTORY = join(import.meta.dirname, '../../../server/demo/policies');

/** The manifests of files in the demo's policy folder whose name begins so. */
export function readManifests(prefix: string, folder = ''): DemoManifest[] {
  const directory = join(DIRECTORY, folder);
  return readdirSync(directory)
    .filter((name) => name.startsWith(prefix) && name.endsWith('.yaml'))
    .flatMap((name) => parseAllDocuments(readFileSync(join(directory, name), 'utf8')))
    .map((document) => {
      if (document.errors[0] !== undefined) throw document.errors[0];
      return document.toJS() as DemoManifest;
    });
}

export const manifestKey = ({ kind, metadata }: DemoManifest): string =>
  `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`;
