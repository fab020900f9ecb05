import type { Manifest, ManifestFault } from '../core/manifest.ts';
import type { CompiledPolicy, ParsedPolicy, PolicyDialect, References } from './form.ts';

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

export type PolicyCompiler = {
  /** Whether a manifest is a policy. */
  reads(manifest: Manifest): boolean;
  /** Manifests of kinds that no dialect reads are what policies may refer to, or of no concern here. */
  compile(manifests: readonly Manifest[]): PolicySet;
};

/** Kinds that policies refer to and whose contents are read when they are compiled. */
const REFERENCES = new Set([
  'CiliumCIDRGroup',
  'Tier',
  'NetworkSet',
  'GlobalNetworkSet',
  'HostEndpoint',
]);

/** `networking.k8s.io/NetworkPolicy`: how dialects name what they read, whatever its version. */
export const kindOf = ({ apiVersion, kind }: Manifest): string => {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? kind : `${apiVersion.slice(0, slash)}/${kind}`;
};

/** Compiles a manifest once for as long as what it may refer to stays the same. */
export function createCompiler(dialects: readonly PolicyDialect[]): PolicyCompiler {
  const readers = new Map(
    dialects.flatMap((dialect) => dialect.kinds.map((kind) => [kind, dialect] as const)),
  );
  let referred: readonly Manifest[] = [];
  let references: References = { byKind: new Map() };
  let parsed = new WeakMap<Manifest, ParsedPolicy>();

  const refer = (manifests: readonly Manifest[]): void => {
    const found = manifests.filter(({ kind }) => REFERENCES.has(kind));
    if (found.length === referred.length && found.every((each, at) => each === referred[at]))
      return;
    referred = found;
    references = { byKind: Map.groupBy(found, ({ kind }) => kind) };
    parsed = new WeakMap();
  };

  const parse = (manifest: Manifest): ParsedPolicy | undefined => {
    const known = parsed.get(manifest);
    if (known !== undefined) return known;
    const fresh = readers.get(kindOf(manifest))?.parse(manifest, references);
    if (fresh !== undefined) parsed.set(manifest, fresh);
    return fresh;
  };

  return {
    reads: (manifest) => readers.has(kindOf(manifest)),
    compile(manifests) {
      refer(manifests);
      const policies: CompiledPolicy[] = [];
      const refused: PolicySet['refused'][number][] = [];
      for (const manifest of manifests) {
        const result = parse(manifest);
        if (result === undefined) continue;
        if (result.ok) policies.push(...result.policies);
        else refused.push({ manifest, faults: result.faults });
      }
      return { policies, references, refused };
    },
  };
}

/** Compiles one set alone. */
export const compilePolicies = (
  manifests: readonly Manifest[],
  dialects: readonly PolicyDialect[],
): PolicySet => createCompiler(dialects).compile(manifests);
