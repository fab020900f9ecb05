import type { ManifestPath } from '../../core/manifest.ts';
import type { NodeParty, Party } from '../facts.ts';
import type { Predicate, Question } from '../form.ts';
import { labelValue, requirementText, valueHolds } from '../labels.ts';
import { partyText, type End } from '../predicates/parties.ts';
import { predicateOf, type PredicateParts } from '../predicates/predicate.ts';
import { allOf, truthOf, type Truth } from '../truth.ts';
import { ENDPOINT_ENTITIES, entityHolds } from './cilium-identity.ts';
import type { IdentityRequirement } from './cilium-selector.ts';

/** The end is what an entity names: `world`, `host`, `cluster`, … */
export function entityIs(end: End, entity: string, path: ManifestPath): Predicate {
  const test = (question: Question): Truth => entityHolds(question, end, entity);
  return endPredicate({ end, path, about: 'entity', expected: `entity ${entity}`, test });
}

/** Anything with an identity of its own that Cilium manages: pods, and its own helpers. No node, nothing outside. */
export const isEndpoint = (path: ManifestPath): Predicate =>
  endPredicate({
    end: 'subject',
    path,
    about: 'entity',
    expected: 'an endpoint of Cilium',
    test: ({ subject }) => endpointHolds(subject),
  });

function endpointHolds(party: Party): Truth {
  if (party.kind === 'unresolved') return 'unknown';
  return truthOf(
    party.kind === 'pod' || (party.kind === 'reserved' && ENDPOINT_ENTITIES.has(party.entity)),
  );
}

/** The node that a host policy is about. */
export const hostIs = (
  path: ManifestPath,
  requirements: readonly IdentityRequirement[],
): Predicate => nodePredicate('subject', path, requirements, () => 'yes');

/** A node as a peer, by labels that identities of nodes carry only where the agents are told so. */
export const nodeIs = (
  end: End,
  path: ManifestPath,
  requirements: readonly IdentityRequirement[],
): Predicate =>
  nodePredicate(end, path, requirements, ({ world }) => truthOf(world.settings.nodeSelectorLabels));

function nodePredicate(
  end: End,
  path: ManifestPath,
  requirements: readonly IdentityRequirement[],
  isOn: (question: Question) => Truth,
): Predicate {
  const wanted = requirements.map(requirementText).join(', ');
  return endPredicate({
    end,
    path,
    about: 'labels',
    expected: wanted === '' ? 'a node' : `a node with ${wanted}`,
    test: (question) => (isOn(question) === 'no' ? 'no' : nodeHolds(question[end], requirements)),
  });
}

function nodeHolds(party: Party, requirements: readonly IdentityRequirement[]): Truth {
  if (party.kind === 'node') return hasNodeLabels(party, requirements);
  const isNode =
    party.kind === 'reserved' && (party.entity === 'host' || party.entity === 'remote-node');
  if (!isNode) return 'no';
  return requirements.length === 0 ? 'yes' : 'unknown';
}

const hasNodeLabels = (node: NodeParty, requirements: readonly IdentityRequirement[]): Truth =>
  allOf(requirements, (requirement) =>
    requirement.source === 'reserved'
      ? valueHolds(requirement.key === 'host' ? '' : null, requirement)
      : valueHolds(labelValue(node.labels, requirement.key), requirement),
  );

type EndTest = Pick<PredicateParts, 'path' | 'about' | 'expected' | 'test'> & { readonly end: End };

const endPredicate = ({ end, ...asked }: EndTest): Predicate =>
  predicateOf({
    ...asked,
    actual: (question) => describe(question[end]),
    missing: (question) => ({
      kind: 'peer',
      text: `whether ${partyText(question[end])} is ${asked.expected}`,
    }),
  });

function describe(party: Party): string {
  const who = partyText(party);
  switch (party.kind) {
    case 'pod':
      return `pod ${who}`;
    case 'address':
      return `${who}, outside the cluster`;
    case 'unresolved':
      return `${who}, not known`;
    case 'node':
    case 'reserved':
      return who;
  }
}
