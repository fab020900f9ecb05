import type { Predicate } from '../form.ts';
import { addressInBlock, addressNotInBlock } from '../predicates/addresses.ts';
import { notUnderstood } from '../predicates/not-understood.ts';
import { anyPod, inNamespace } from '../predicates/pods.ts';
import { blockAt } from './blocks.ts';
import { fieldOf, isThere, itemsAt, refuse, unknownFields, type Place } from './manifest-fields.ts';
import { namespaceLabelsOf, podLabels, readSelector } from './kubernetes-selector.ts';

/** What one entry of `from` or `to` demands. A selector alone means pods of the policy's own namespace. */
export function readPeer(place: Place, ownNamespace: string): readonly Predicate[] {
  const [pods, namespaces, block] = ['podSelector', 'namespaceSelector', 'ipBlock'].map((name) =>
    fieldOf(place, name),
  ) as [Place, Place, Place];
  const open = unknownFields(place, ['podSelector', 'namespaceSelector', 'ipBlock']).map(
    notUnderstood,
  );
  const hasSelector = isThere(pods) || isThere(namespaces);
  if (isThere(block)) {
    if (hasSelector) refuse(place, 'must not have an ipBlock and a selector: write two entries');
    return [...readIpBlock(block), ...open];
  }
  if (!hasSelector && open.length === 0)
    refuse(place, 'must have a podSelector, a namespaceSelector or an ipBlock');
  if (!hasSelector) return open;
  const podSelector = readSelector(pods);
  return [
    ...namespacePart(namespaces, podSelector.path, ownNamespace),
    ...podLabels('peer', podSelector),
    ...open,
  ];
}

function namespacePart(
  place: Place,
  podSelectorPath: Place['path'],
  ownNamespace: string,
): readonly Predicate[] {
  if (!isThere(place)) return [inNamespace('peer', ownNamespace, podSelectorPath)];
  const labels = namespaceLabelsOf('peer', readSelector(place));
  return labels.length === 0 ? [anyPod('peer', place.path)] : labels;
}

function readIpBlock(place: Place): readonly Predicate[] {
  const cidrAt = fieldOf(place, 'cidr');
  const open = unknownFields(place, ['cidr', 'except']).map(notUnderstood);
  const cidr = blockAt(cidrAt);
  const excepted = itemsAt(fieldOf(place, 'except')).flatMap((entry) => {
    const except = blockAt(entry);
    if (except === undefined || cidr === undefined) return [];
    if (except.bits <= cidr.bits || !cidr.contains(except.address))
      refuse(entry, `must be a part of ${cidr.text}, and is ${except.text}`);
    return [addressNotInBlock(except, entry.path)];
  });
  return cidr === undefined ? [] : [addressInBlock(cidr, cidrAt.path), ...excepted, ...open];
}
