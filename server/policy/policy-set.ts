import type { Manifest, ManifestFault } from '../core/manifest.ts';
import type { CompiledPolicy, PolicyDialect, References } from './form.ts';

/** The policies and what they refer to, of one moment. */
export type PolicySet = {
  readonly policies: readonly CompiledPolicy[];
  readonly references: References;
  /** What a cluster would not take; never evaluated. */
  readonly refused: readonly {
    readonly manifest: Manifest;
    readonly faults: readonly ManifestFault[];
  }[];
};

/** `networking.k8s.io/NetworkPolicy`: how dialects name what they read, whatever its version. */
export const kindOf = ({ apiVersion, kind }: Manifest): string => {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? kind : `${apiVersion.slice(0, slash)}/${kind}`;
};

/** Manifests of kinds that no dialect reads are what policies may refer to, or of no concern here. */
export function compilePolicies(
  manifests: readonly Manifest[],
  dialects: readonly PolicyDialect[],
): PolicySet {
  const readers = new Map(
    dialects.flatMap((dialect) => dialect.kinds.map((kind) => [kind, dialect] as const)),
  );
  const references: References = { byKind: Map.groupBy(manifests, ({ kind }) => kind) };
  const policies: CompiledPolicy[] = [];
  const refused: PolicySet['refused'][number][] = [];
  for (const manifest of manifests) {
    const parsed = readers.get(kindOf(manifest))?.parse(manifest, references);
    if (parsed === undefined) continue;
    if (parsed.ok) policies.push(...parsed.policies);
    else refused.push({ manifest, faults: parsed.faults });
  }
  return { policies, references, refused };
}
