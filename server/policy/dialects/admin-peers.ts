import type { Effect, Option } from '../form.ts';
import { addressInBlock } from '../predicates/addresses.ts';
import { domainName } from '../predicates/domain-names.ts';
import { anyNode, nodeLabel } from '../predicates/nodes.ts';
import { notUnderstood } from '../predicates/not-understood.ts';
import { readNamespacedPods, readNamespaces } from './admin-subject.ts';
import { blockAt } from './blocks.ts';
import {
  fieldOf,
  isThere,
  itemsAt,
  refuse,
  shown,
  textAt,
  unknownFields,
  type Place,
} from './manifest-fields.ts';
import { readSelector } from './kubernetes-selector.ts';

const PODS = ['namespaces', 'pods'];
const OUTSIDE = ['nodes', 'networks', 'domainNames'];
const MAX_ENTRIES = 25;

const DOMAIN =
  /^(\*\.)?([a-zA-Z0-9]([-a-zA-Z0-9_]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z0-9]([-a-zA-Z0-9_]{0,61}[a-zA-Z0-9])?\.?$/;

/** Peers that are no pods, and so have no named ports. */
export const isNoPod = (peer: Place): boolean =>
  OUTSIDE.some((name) => isThere(fieldOf(peer, name)));

/** What one peer means; lists in it are ways of which one must hold. */
export function readAdminPeer(
  place: Place,
  list: 'from' | 'to',
  effect: Effect,
): readonly Option[] {
  const known = list === 'to' ? [...PODS, ...OUTSIDE] : PODS;
  const open = unknownFields(place, known).map(notUnderstood);
  const given = known.filter((name) => isThere(fieldOf(place, name)));
  const [only] = given;
  if (given.length > 1 || (only === undefined && open.length === 0))
    refuse(place, `must have exactly one of ${known.join(', ')}`);
  // A peer of a kind that is not known must fail closed, in a way that depends on who reads it.
  if (only === undefined) return [{ path: place.path, predicates: open }];
  return readKind(fieldOf(place, only), only, effect).map((option) => ({
    ...option,
    predicates: [...option.predicates, ...open],
  }));
}

function readKind(place: Place, kind: string, effect: Effect): readonly Option[] {
  const { path } = place;
  switch (kind) {
    case 'namespaces':
      return [{ path, predicates: readNamespaces('peer', place) }];
    case 'pods':
      return [{ path, predicates: readNamespacedPods('peer', place) }];
    case 'nodes':
      return [readNodes(place)];
    case 'networks':
      return entriesOf(place).flatMap((entry) => {
        const block = blockAt(entry);
        const predicates = block === undefined ? [] : [addressInBlock(block, entry.path)];
        return [{ path: entry.path, predicates }];
      });
    default:
      return entriesOf(place).map((entry) => readDomain(entry, effect));
  }
}

function readNodes(place: Place): Option {
  const { parts, open } = readSelector(place);
  const labels = [
    ...parts.map(({ requirement, path }) => nodeLabel(requirement, path)),
    ...open.map(notUnderstood),
  ];
  return { path: place.path, predicates: labels.length === 0 ? [anyNode(place.path)] : labels };
}

function entriesOf(place: Place): readonly Place[] {
  const entries = itemsAt(place);
  if (entries.length === 0) refuse(place, 'must have at least one entry');
  if (entries.length > MAX_ENTRIES)
    refuse(place, `must have at most ${MAX_ENTRIES} entries, and has ${entries.length}`);
  for (const entry of entries) if (!isThere(entry)) refuse(entry, 'must be text');
  return entries;
}

/** The API has names in rules that accept only, and does not say what they do in others. */
function readDomain(entry: Place, effect: Effect): Option {
  const text = textAt(entry) ?? '';
  if (text.length > 255 || !DOMAIN.test(text))
    refuse(entry, `must be a domain name, or *. and one, and is ${shown(text)}`);
  const name = domainName(text, entry.path);
  return {
    path: entry.path,
    predicates: effect === 'allow' ? [name] : [name, notUnderstood(entry.path)],
  };
}
