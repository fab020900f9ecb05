import { isRecord } from '../../core/manifest.ts';
import { canonicalAddress } from '../../query/address.ts';
import type { PodParty, ServiceFacts } from '../facts.ts';
import type { Option, Predicate, Question } from '../form.ts';
import { labelValue, valueHolds } from '../labels.ts';
import { notUnderstood } from '../predicates/not-understood.ts';
import { partyText } from '../predicates/parties.ts';
import { predicateOf } from '../predicates/predicate.ts';
import { allOf, anyOf, truthOf, type Truth } from '../truth.ts';
import { readIdentitySelector, type IdentityRequirement } from './cilium-selector.ts';
import { fieldOf, isThere, refuse, textAt, unknownFields, type Place } from './manifest-fields.ts';

/** An entry of `toServices`: the pods or addresses behind services, on any port. */
export function readService(place: Place): readonly Option[] {
  if (!isRecord(place.value)) refuse(place, 'must be an object');
  const byName = fieldOf(place, 'k8sService');
  const bySelector = fieldOf(place, 'k8sServiceSelector');
  const open = unknownFields(place, ['k8sService', 'k8sServiceSelector']).map(notUnderstood);
  const predicates = [
    ...(isThere(byName) ? [readNamed(byName)] : []),
    ...(isThere(bySelector) ? [readSelected(bySelector)] : []),
    ...open,
  ];
  if (predicates.length === 0)
    refuse(place, 'must have one of "k8sService" and "k8sServiceSelector"');
  return [{ path: place.path, predicates }];
}

/** Without a namespace services of all of them are meant, not those of the policy's own. */
function readNamed(place: Place): Predicate {
  unknownFields(place, ['serviceName', 'namespace']);
  const name = textAt(fieldOf(place, 'serviceName')) ?? '';
  const where = textAt(fieldOf(place, 'namespace')) ?? '';
  const inAny = where === '';
  return behindService(place, inAny ? `service ${name}` : `service ${where}/${name}`, (service) =>
    truthOf(service.name === name && (inAny || service.namespace === where)),
  );
}

function readSelected(place: Place): Predicate {
  unknownFields(place, ['selector', 'namespace']);
  const { requirements } = readIdentitySelector(fieldOf(place, 'selector'));
  const where = textAt(fieldOf(place, 'namespace')) ?? '';
  return behindService(place, 'a selected service', (service) =>
    where !== '' && service.namespace !== where ? 'no' : hasLabels(service, requirements),
  );
}

const hasLabels = ({ labels }: ServiceFacts, requirements: readonly IdentityRequirement[]): Truth =>
  allOf(requirements, (requirement) =>
    valueHolds(labelValue(labels, requirement.key), requirement),
  );

function behindService(
  { path }: Place,
  expected: string,
  isMeant: (service: ServiceFacts) => Truth,
): Predicate {
  const test = (question: Question): Truth =>
    anyOf(question.world.facts.services, (service) => {
      const meant = isMeant(service);
      if (meant === 'no') return 'no';
      const behind = leadsTo(service, question);
      return behind === 'yes' ? meant : behind;
    });
  return predicateOf({
    path,
    about: 'entity',
    expected,
    test,
    actual: ({ peer }) => partyText(peer),
    missing: ({ peer }) => ({
      kind: 'peer',
      text: `whether ${partyText(peer)} is behind ${expected}`,
    }),
  });
}

/** By its pods' labels where it selects, else by its endpoints, which mean outside addresses like blocks. */
function leadsTo(service: ServiceFacts, { peer, peerIp, world }: Question): Truth {
  if (service.selector !== undefined) {
    if (peer.kind === 'unresolved') return 'unknown';
    return peer.kind === 'pod' ? isSelected(service, peer) : 'no';
  }
  const modes = world.settings.policyCidrMatchMode;
  if (peer.kind === 'pod' && !modes.includes('pods')) return 'no';
  if (peer.kind === 'node' && !modes.includes('nodes')) return 'no';
  if (peerIp === undefined) return 'unknown';
  const ip = canonicalAddress(peerIp);
  const isListed = service.endpoints.some((each) => canonicalAddress(each) === ip);
  return isListed && peer.kind === 'unresolved' ? 'unknown' : truthOf(isListed);
}

const isSelected = ({ namespace, selector }: ServiceFacts, pod: PodParty): Truth =>
  pod.namespace !== namespace || selector === undefined || selector.size === 0
    ? 'no'
    : allOf(selector, ([key, value]) =>
        valueHolds(labelValue(pod.labels, key), { operator: 'In', values: [value] }),
      );
