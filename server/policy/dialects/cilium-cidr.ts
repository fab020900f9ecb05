import { isRecord, type Manifest } from '../../core/manifest.ts';
import type { Option, Predicate, References } from '../form.ts';
import {
  addressInBlock,
  addressNotInBlock,
  readAddressOrBlock,
  readBlock,
  type Block,
} from '../predicates/addresses.ts';
import { blockAt } from './blocks.ts';
import { neverHolds } from '../predicates/never.ts';
import { notUnderstood } from '../predicates/not-understood.ts';
import { readIdentitySelector, type IdentitySelector } from './cilium-selector.ts';
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
import { valueHolds } from '../labels.ts';

/** An entry of `fromCIDR` or `toCIDR`: a block, or one address. */
export function readCidrEntry(place: Place): readonly Option[] {
  const block = blockAt(place, (text) => readAddressOrBlock(text.trim()));
  return block === undefined
    ? []
    : [{ path: place.path, predicates: [addressInBlock(block, place.path)] }];
}

const FIELDS = ['cidr', 'cidrGroupRef', 'cidrGroupSelector', 'except'] as const;

/** An entry of `fromCIDRSet` or `toCIDRSet`: a block or groups of blocks, less what is excepted. */
export function readCidrRule(place: Place, references: References): readonly Option[] {
  if (!isRecord(place.value)) refuse(place, 'must be an object with "cidr" or a group');
  const open = unknownFields(place, FIELDS).map(notUnderstood);
  const [cidr, ref, selector] = FIELDS.slice(0, 3).map((name) => fieldOf(place, name));
  const given = [cidr, ref, selector].filter((each) => each !== undefined && isThere(each));
  if (given.length !== 1 && open.length === 0)
    refuse(place, 'must have one of "cidr", "cidrGroupRef" and "cidrGroupSelector"');
  const [only] = given;
  if (only === undefined) return [{ path: place.path, predicates: open }];
  const within = only === cidr ? blockAt(only, trimmed) : undefined;
  const excepts = itemsAt(fieldOf(place, 'except')).flatMap((each) => readExcept(each, within));
  const bases =
    only === cidr
      ? within === undefined
        ? []
        : [addressInBlock(within, only.path)]
      : groupBlocks(only, only === ref, references);
  return bases.map((base) => ({ path: place.path, predicates: [base, ...excepts, ...open] }));
}

const trimmed = (text: string): Block | undefined => readBlock(text.trim());

function readExcept(place: Place, within: Block | undefined): readonly Predicate[] {
  const block = blockAt(place, trimmed);
  if (block === undefined) return [];
  if (within !== undefined && !isInside(block, within))
    refuse(place, `is not inside ${within.text}, from which it is excepted`);
  return [addressNotInBlock(block, place.path)];
}

const isInside = (inner: Block, outer: Block): boolean =>
  inner.isV6 === outer.isV6 && outer.contains(inner.address);

/** The blocks of the groups that are meant, each a test of its own. A group that is not there has none. */
function groupBlocks(place: Place, isRef: boolean, references: References): readonly Predicate[] {
  const groups = references.byKind.get('CiliumCIDRGroup') ?? [];
  const wanted = isRef ? namedGroup(place) : selectedGroups(place);
  const found = groups.filter(wanted);
  if (found.length === 0)
    return [neverHolds(place.path, `the CiliumCIDRGroup ${shown(place.value)}`, 'none there')];
  const blocks = found.flatMap(blocksOf);
  return blocks.length === 0
    ? [neverHolds(place.path, 'a block of the group', 'it has none')]
    : blocks.map((block) => addressInBlock(block, place.path));
}

function namedGroup(place: Place): (group: Manifest) => boolean {
  const name = textAt(place);
  return ({ metadata }) => metadata.name === name;
}

function selectedGroups(place: Place): (group: Manifest) => boolean {
  const selector: IdentitySelector = readIdentitySelector(place);
  return ({ metadata: { labels } }) =>
    selector.requirements.every((requirement) => {
      const has = labels !== undefined && Object.hasOwn(labels, requirement.key);
      return valueHolds(has ? labels[requirement.key] : null, requirement) === 'yes';
    });
}

/** What is no block in a group is left out: the cluster would have refused the group. */
function blocksOf({ spec }: Manifest): readonly Block[] {
  const listed = isRecord(spec) ? spec['externalCIDRs'] : undefined;
  if (!Array.isArray(listed)) return [];
  return listed.flatMap((each) => {
    const text = typeof each === 'string' ? each : '';
    return readAddressOrBlock(text) ?? [];
  });
}
