import { manifestsIn, pathText, type Manifest } from '../../../server/core/manifest.ts';
import { readYamlDocuments } from '../../../server/lib/yaml-documents.ts';
import type { CompiledPolicy, PolicyDialect } from '../../../server/policy/form.ts';

export function manifestsOf(yaml: string): readonly Manifest[] {
  return readYamlDocuments(yaml).flatMap((read) => {
    if (!read.ok) throw new Error(read.fault.message);
    return manifestsIn(read.document.value).map((found) => {
      if (!found.ok) throw new Error(found.fault.message);
      return found.manifest;
    });
  });
}

const NONE = { byKind: new Map() };

/** `path: message` of what a cluster would refuse, in order; empty where it takes it. */
export function faultsOf(dialect: PolicyDialect, manifest: Manifest): readonly string[] {
  const parsed = dialect.parse(manifest, NONE);
  return parsed.ok ? [] : parsed.faults.map(({ path, message }) => `${pathText(path)}: ${message}`);
}

export function compiledOf(dialect: PolicyDialect, manifest: Manifest): CompiledPolicy {
  const parsed = dialect.parse(manifest, NONE);
  const [policy] = parsed.ok ? parsed.policies : [];
  if (policy === undefined) throw new Error(JSON.stringify(parsed));
  return policy;
}
