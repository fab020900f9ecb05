import { manifestsIn, pathText, type Manifest, type ManifestFault } from '../../core/manifest.ts';
import { readYamlDocuments } from '../../lib/yaml-documents.ts';
import { isSubdomain } from '../dialects/kubernetes-names.ts';
import type { PolicyDialect } from '../form.ts';
import { createCompiler, kindOf } from '../policy-set.ts';
import { coveredRules } from './covered-rules.ts';
import { createSelection } from './selection.ts';

export type ManifestFile = { readonly name: string; readonly text: string };

/** What stands at one place of the files. */
export type CheckedObject = {
  readonly file: string;
  readonly line: number;
  /** `NetworkPolicy shop/web`; empty where no object could be read. */
  readonly object: string;
  readonly state: 'valid' | 'refused';
  /** Why a cluster would refuse it, or what is odd about it, each with its line. */
  readonly notes: readonly { readonly line: number; readonly text: string }[];
};

export type CheckedFiles = {
  readonly objects: readonly CheckedObject[];
  /** Objects that are no policies. */
  readonly others: number;
  /** Whether the files have pods or workloads, without which nothing can be said of what policies select. */
  readonly hasPods: boolean;
};

type Placed = {
  readonly file: string;
  readonly manifest: Manifest;
  lineOf(path: ManifestFault['path']): number;
};

/** Says of each policy in some files whether a cluster would take it, and what it would do for nothing. */
export function checkManifests(
  files: readonly ManifestFile[],
  dialects: readonly PolicyDialect[],
): CheckedFiles {
  const unread: CheckedObject[] = [];
  const placed: Placed[] = [];
  for (const file of files) readFile(file, placed, unread);
  const compiler = createCompiler(dialects);
  const policies = placed.filter(({ manifest }) => compiler.reads(manifest));
  const compiled = compiler.compile(placed.map(({ manifest }) => manifest));
  const others = placed.map(({ manifest }) => manifest).filter((each) => !compiler.reads(each));
  const selection = createSelection(others, compiled.references);
  // Of several of one name the first stays in the map.
  const named = new Map(policies.toReversed().map((each) => [nameOf(each.manifest), each]));
  const faultsOf = new Map(compiled.refused.map(({ manifest, faults }) => [manifest, faults]));
  const byManifest = Map.groupBy(compiled.policies, ({ manifest }) => manifest);
  const checked = policies.map((each) => {
    const faults = [...headFaults(each.manifest), ...(faultsOf.get(each.manifest) ?? [])];
    if (faults.length > 0) return checkedObject(each, 'refused', faults);
    const notes = (byManifest.get(each.manifest) ?? []).flatMap((policy) => [
      ...policy.notUnderstood,
      ...selection.faultsOf(policy),
      ...coveredRules(policy),
    ]);
    return checkedObject(each, 'valid', [...notes, ...twice(each, named)]);
  });
  return {
    objects: inOrder([...unread, ...checked], files),
    others: others.length,
    hasPods: selection.hasPods,
  };
}

function readFile({ name, text }: ManifestFile, placed: Placed[], unread: CheckedObject[]): void {
  for (const read of readYamlDocuments(text)) {
    if (!read.ok) {
      const { line, message } = read.fault;
      unread.push(refused({ file: name, line, text: message }));
      continue;
    }
    const { value, lineOf } = read.document;
    for (const found of manifestsIn(value)) {
      if (found.ok) {
        const { manifest, path } = found;
        placed.push({ file: name, manifest, lineOf: (inside) => lineOf([...path, ...inside]) });
      } else {
        const { path, message } = found.fault;
        const what = path.length === 0 ? message : `${pathText(path)} ${message}`;
        unread.push(refused({ file: name, line: lineOf(path), text: what }));
      }
    }
  }
}

const refused = (at: {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}): CheckedObject => ({
  file: at.file,
  line: at.line,
  object: '',
  state: 'refused',
  notes: [{ line: at.line, text: at.text }],
});

/** What the API server demands of every object, whatever its kind. */
const headFaults = ({ metadata }: Manifest): readonly ManifestFault[] =>
  isSubdomain(metadata.name)
    ? []
    : [{ path: ['metadata', 'name'], message: 'must be a DNS subdomain in lower case' }];

function checkedObject(
  { file, manifest, lineOf }: Placed,
  state: CheckedObject['state'],
  faults: readonly ManifestFault[],
): CheckedObject {
  return {
    file,
    line: lineOf([]),
    object: objectText(manifest),
    state,
    notes: faults.map(({ path, message }) => ({
      line: lineOf(path),
      text: `${pathText(path)} ${message}`,
    })),
  };
}

const objectText = ({ kind, metadata: { namespace, name } }: Manifest): string =>
  `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;

/** Of two objects of one name a cluster keeps the one that is applied last. */
function twice(each: Placed, named: ReadonlyMap<string, Placed>): readonly ManifestFault[] {
  const first = named.get(nameOf(each.manifest));
  if (first === undefined || first === each) return [];
  const where = `${first.file}:${first.lineOf([])}`;
  return [{ path: ['metadata', 'name'], message: `is that of the object at ${where} too` }];
}

/** One text for each object of a cluster, whatever the version it is written in. */
const nameOf = (manifest: Manifest): string =>
  JSON.stringify([
    kindOf(manifest),
    manifest.metadata.namespace ?? 'default',
    manifest.metadata.name,
  ]);

function inOrder(
  objects: readonly CheckedObject[],
  files: readonly ManifestFile[],
): readonly CheckedObject[] {
  const place = new Map(files.map(({ name }, at) => [name, at]));
  return objects.toSorted(
    (a, b) => (place.get(a.file) ?? 0) - (place.get(b.file) ?? 0) || a.line - b.line,
  );
}
