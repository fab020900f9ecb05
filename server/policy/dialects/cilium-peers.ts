import { isRecord } from '../../core/manifest.ts';
import type { Clause, Option, Predicate, References, Way } from '../form.ts';
import { notUnderstood } from '../predicates/not-understood.ts';
import { alwaysOpen } from '../predicates/open.ts';
import { anyPod, inNamespace } from '../predicates/pods.ts';
import { readCidrEntry, readCidrRule } from './cilium-cidr.ts';
import { entityIs, nodeIs } from './cilium-ends.ts';
import { ENTITY_NAMES } from './cilium-identity.ts';
import { readNameRule, resolvedName } from './cilium-names.ts';
import {
  asksNamespace,
  asksNamespaceLabels,
  asksReserved,
  identityIs,
  readIdentitySelector,
} from './cilium-selector.ts';
import { readService } from './cilium-services.ts';
import { choiceAt, fieldOf, isThere, itemsAt, refuse, type Place } from './manifest-fields.ts';

/** What the rules of one rule set have in common. */
export type RuleContext = {
  /** Of the policy; empty for one that is cluster-wide. */
  readonly namespace: string;
  /** The subject's selector names ends that have no labels yet. */
  readonly selectsInit: boolean;
  readonly references: References;
};

type PeerReader = (item: Place, context: RuleContext) => readonly Option[];

const READERS: Readonly<Record<string, PeerReader>> = {
  Endpoints: (item, context) => [readEndpoints(item, context)],
  Entities: readEntity,
  CIDR: readCidrEntry,
  CIDRSet: (item, { references }) => readCidrRule(item, references),
  Nodes: (item) => [readNodes(item)],
  Groups: (item) => [readGroup(item)],
  FQDNs: (item) => [readNameRule(item, resolvedName)],
  Services: readService,
};

const IN_BOTH = ['Endpoints', 'Entities', 'CIDR', 'CIDRSet', 'Nodes', 'Groups'];

/** `fromEndpoints`, `toServices`, …: fields that name peers. Deny rules know no names. */
export function peerFields(way: Way, isDeny: boolean): readonly string[] {
  if (way === 'ingress') return IN_BOTH.map((name) => `from${name}`);
  return [...IN_BOTH, 'Services', ...(isDeny ? [] : ['FQDNs'])].map((name) => `to${name}`);
}

/**
 * The peers of a rule. `undefined` where none are named: then anybody is meant. A list that is there and empty means
 * nobody. Of the kinds of peers a rule may have one.
 */
export function readPeers(
  rule: Place,
  fields: readonly string[],
  context: RuleContext,
): Clause | undefined {
  const lists = fields.map((name) => fieldOf(rule, name)).filter(isThere);
  const filled = lists.filter((list) => itemsAt(list).length > 0);
  const [first, second] = filled;
  if (first !== undefined && second !== undefined)
    refuse(
      second,
      `must not stand beside ${String(first.path.at(-1))}: write a rule for each kind of peer`,
    );
  const list = first ?? lists[0];
  if (list === undefined) return undefined;
  const reader = READERS[String(list.path.at(-1)).replace(/^(?:from|to)/, '')];
  const options =
    reader === undefined ? [] : itemsAt(list).flatMap((item) => reader(item, context));
  return { kind: 'peer', path: list.path, options };
}

/** Ends by their labels. A namespaced policy means its own namespace, unless the selector says otherwise. */
export function readEndpoints(place: Place, context: RuleContext): Option {
  const selector = readIdentitySelector(place);
  const added: Predicate[] = [];
  if (!asksReserved(selector) && !asksNamespace(selector)) {
    if (context.namespace === '') {
      if (!context.selectsInit) added.push(anyPod('peer', place.path));
    } else if (!asksNamespaceLabels(selector))
      added.push(inNamespace('peer', context.namespace, place.path));
  }
  return {
    path: place.path,
    predicates: [
      ...selector.requirements.map((requirement) => identityIs('peer', requirement)),
      ...added,
      ...selector.open.map(notUnderstood),
    ],
  };
}

function readEntity(place: Place): readonly Option[] {
  const name = choiceAt(place, ENTITY_NAMES);
  return name === undefined
    ? []
    : [{ path: place.path, predicates: [entityIs('peer', name, place.path)] }];
}

function readNodes(place: Place): Option {
  const selector = readIdentitySelector(place);
  return {
    path: place.path,
    predicates: [
      nodeIs('peer', place.path, selector.requirements),
      ...selector.open.map(notUnderstood),
    ],
  };
}

/** The operator asks the cloud which addresses a group has; nothing in the cluster says it. */
function readGroup(place: Place): Option {
  if (!isRecord(place.value)) refuse(place, 'must be an object');
  return {
    path: place.path,
    predicates: [
      alwaysOpen(place.path, 'addresses of a group in the cloud', {
        kind: 'reference',
        text: 'which addresses the group of the cloud has',
      }),
    ],
  };
}
