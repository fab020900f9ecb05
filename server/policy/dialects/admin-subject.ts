import type { ManifestPath } from '../../core/manifest.ts';
import type { Predicate } from '../form.ts';
import { notUnderstood } from '../predicates/not-understood.ts';
import type { End } from '../predicates/parties.ts';
import { anyPod } from '../predicates/pods.ts';
import { fieldOf, isThere, refuse, unknownFields, type Place } from './manifest-fields.ts';
import { namespaceLabelsOf, podLabels, readSelector } from './kubernetes-selector.ts';

/** Which pods the policy is for. `unknown` are fields of the policy that leave open whether it applies. */
export function readSubject(place: Place, unknown: readonly ManifestPath[]): readonly Predicate[] {
  const open = [...unknown, ...unknownFields(place, ['namespaces', 'pods'])].map(notUnderstood);
  const [namespaces, pods] = [fieldOf(place, 'namespaces'), fieldOf(place, 'pods')];
  const given = [namespaces, pods].filter(isThere);
  if (given.length > 1 || (given.length === 0 && open.length === 0))
    refuse(place, 'must have exactly one of namespaces and pods');
  if (isThere(pods)) return [...readNamespacedPods('subject', pods), ...open];
  return isThere(namespaces) ? [...readNamespaces('subject', namespaces), ...open] : open;
}

/** All pods of the namespaces that a selector selects. */
export function readNamespaces(end: End, place: Place): readonly Predicate[] {
  const labels = namespaceLabelsOf(end, readSelector(place));
  return labels.length === 0 ? [anyPod(end, place.path)] : labels;
}

/** Pods by labels, in namespaces by labels. The schemas of some versions demand both; either means all where absent. */
export function readNamespacedPods(end: End, place: Place): readonly Predicate[] {
  const open = unknownFields(place, ['namespaceSelector', 'podSelector']).map(notUnderstood);
  return [
    ...readNamespaces(end, fieldOf(place, 'namespaceSelector')),
    ...podLabels(end, readSelector(fieldOf(place, 'podSelector'))),
    ...open,
  ];
}
