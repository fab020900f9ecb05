import type { ManifestPath } from '../../core/manifest.ts';
import type { Predicate } from '../form.ts';
import { labelValue, requirementHolds, requirementText, type LabelRequirement } from '../labels.ts';
import { truthOf } from '../truth.ts';
import { partyText } from './parties.ts';
import { labelText } from './pods.ts';
import { predicateOf } from './predicate.ts';

/** Any node of the cluster, with the pods on its network. */
export const anyNode = (path: ManifestPath): Predicate => ({
  path,
  about: 'entity',
  test: ({ peer }) => truthOf(peer.kind === 'node'),
  report: ({ peer }) => ({
    truth: truthOf(peer.kind === 'node'),
    expected: 'a node of the cluster',
    actual: partyText(peer),
  }),
});

/** A label of the node that the peer is. */
export function nodeLabel(requirement: LabelRequirement, path: ManifestPath): Predicate {
  const { key } = requirement;
  return predicateOf({
    path,
    about: 'labels',
    expected: `node with ${requirementText(requirement)}`,
    test: ({ peer }) => (peer.kind === 'node' ? requirementHolds(peer.labels, requirement) : 'no'),
    actual: ({ peer }) =>
      peer.kind === 'node' ? labelText(key, labelValue(peer.labels, key)) : partyText(peer),
    missing: ({ peer }) => ({ kind: 'labels', text: `the label ${key} of ${partyText(peer)}` }),
  });
}
