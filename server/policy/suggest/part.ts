import type { Manifest } from '../../core/manifest.ts';
import type { CompiledPolicy } from '../form.ts';
import { edited, type Edit } from './edit.ts';

/** One manifest that would be changed, or made. */
export type Part = {
  /** `undefined`: the policy is new. */
  readonly before: Manifest | undefined;
  readonly after: Manifest;
  /** What is different in `after`, one after the other; none for a policy that is new. */
  readonly edits: readonly Edit[];
  /** Whose pods the policy applies to; empty: those of every namespace. */
  readonly namespace: string;
};

export const changed = ({ manifest, namespace }: CompiledPolicy, ...edits: Edit[]): Part => ({
  before: manifest,
  after: edits.reduce(edited, manifest),
  edits,
  namespace,
});

/** What is changed twice is told as one change. */
export function withPart(parts: readonly Part[], part: Part): readonly Part[] {
  const earlier = parts.find(({ after }) => after === part.before);
  if (earlier === undefined) return [...parts, part];
  const both = { ...part, before: earlier.before, edits: [...earlier.edits, ...part.edits] };
  return parts.map((each) => (each === earlier ? both : each));
}

/**
 * Namespaces that one end of whatever changes is in, which is the end that the policies apply to. `undefined`: it may
 * be anywhere.
 */
export function reachOf(parts: readonly Part[]): readonly string[] | undefined {
  const namespaces = new Set(parts.map(({ namespace }) => namespace));
  return namespaces.has('') ? undefined : [...namespaces];
}
