import type { ManifestPath } from '../../core/manifest.ts';
import type { Clause, Option, Way } from '../form.ts';
import type { Block } from '../predicates/addresses.ts';
import { blockPredicate, notBlocksPredicate } from './calico-blocks.ts';
import { domainName } from '../predicates/domain-names.ts';
import { selectorWithoutGlobalAt } from './calico-selector-fields.ts';
import { itemOptions, notSelected } from './calico-peers.ts';
import { isPortName, notPortsPredicate, portOptions } from './calico-ports.ts';
import { hasPorts, type Protocol } from './calico-protocol.ts';
import { oneClause, openClauses } from './clauses.ts';
import { blockAt } from './blocks.ts';
import { itemTests, selectorTest } from './calico-peer-tests.ts';
import type { CalicoReferences } from './calico-references.ts';
import { servicePredicate } from './calico-services.ts';
import type { Side } from './calico-predicate.ts';
import {
  cappedItems,
  fieldOf,
  isThere,
  refuse,
  textAt,
  textsAt,
  unknownFields,
  type Place,
} from './manifest-fields.ts';

/** What the half of a rule depends on besides what is written in it. */
export type EntityContext = {
  readonly side: Side;
  readonly way: Way;
  /** Namespace of the policy; empty for a global one. */
  readonly namespace: string;
  readonly protocol: Protocol | undefined;
  readonly references: CalicoReferences;
};

const FIELDS = [
  'nets',
  'notNets',
  'selector',
  'notSelector',
  'namespaceSelector',
  'ports',
  'notPorts',
  'serviceAccounts',
  'services',
  'domains',
];
const MOST = { nets: 256, domains: 256 };

/** `source` or `destination` of a rule. */
export function entityClauses(place: Place, context: EntityContext): readonly Clause[] {
  if (!isThere(place)) return [];
  checkPorts(place, context.protocol);
  return [
    ...netClauses(place, context.side),
    ...peerClauses(place, context),
    ...serviceClauses(place, context),
    ...domainClauses(place, context),
    ...portClauses(place, context),
    ...openClauses(unknownFields(place, FIELDS)),
  ];
}

const optionsClause = (
  kind: Clause['kind'],
  path: ManifestPath,
  options: readonly Option[],
): readonly Clause[] => (options.length === 0 ? [] : [{ kind, path, options }]);

/** Without a protocol ports may have names, each of which stands for a port with a protocol of its own. */
function checkPorts(place: Place, protocol: Protocol | undefined): void {
  if (hasPorts(protocol)) return;
  for (const name of ['ports', 'notPorts']) {
    const field = fieldOf(place, name);
    const ports: readonly unknown[] = Array.isArray(field.value) ? field.value : [];
    const hasMeaning = protocol === undefined ? ports.every(isPortName) : ports.length === 0;
    if (!hasMeaning) refuse(field, 'need the protocol of the rule to be TCP, UDP or SCTP');
  }
}

function netClauses(place: Place, side: Side): readonly Clause[] {
  const nets = fieldOf(place, 'nets');
  const options = blocksAt(nets).map(({ block, path }): Option => ({
    path,
    predicates: [blockPredicate(block, { path, side })],
  }));
  const notNets = fieldOf(place, 'notNets');
  const excluded = blocksAt(notNets).map(({ block }) => block);
  const negated =
    excluded.length === 0
      ? []
      : [oneClause('peer', notBlocksPredicate(excluded, { path: notNets.path, side }))];
  return [...optionsClause('peer', nets.path, options), ...negated];
}

type PlacedBlock = { readonly block: Block; readonly path: ManifestPath };

function blocksAt(place: Place): readonly PlacedBlock[] {
  return cappedItems(place, MOST.nets).flatMap((item) => {
    const block = blockAt(item);
    return block === undefined ? [] : [{ block, path: item.path }];
  });
}

function peerClauses(place: Place, context: EntityContext): readonly Clause[] {
  const tests = itemTests(place, context.namespace);
  const at = { path: place.path, side: context.side, references: context.references };
  const notSelector = selectorWithoutGlobalAt(fieldOf(place, 'notSelector'));
  const excluded = notSelector === undefined ? undefined : selectorTest(notSelector, true);
  // A selector limits the rule to what is known, so that it and what it leaves out are asked of the same thing.
  if (tests.tests.length > 0)
    return optionsClause(
      'peer',
      place.path,
      itemOptions([...tests.tests, ...(excluded === undefined ? [] : [excluded])], {
        ...at,
        podsOnly: tests.podsOnly,
      }),
    );
  if (notSelector === undefined) return [];
  return [oneClause('peer', notSelected(selectorTest(notSelector, false), at))];
}

const EXCLUDED_BY_SERVICES = ['selector', 'notSelector', 'namespaceSelector', 'serviceAccounts'];
const LISTS_EXCLUDED_BY_SERVICES = ['nets', 'notNets'];

function serviceClauses(place: Place, context: EntityContext): readonly Clause[] {
  const services = fieldOf(place, 'services');
  if (!isThere(services)) return [];
  checkServices(place, context);
  const name = textAt(fieldOf(services, 'name')) ?? '';
  if (name === '') refuse(fieldOf(services, 'name'), 'must be given');
  const written = textAt(fieldOf(services, 'namespace')) ?? '';
  if (written === '' && context.namespace === '')
    refuse(fieldOf(services, 'namespace'), 'must be given in a global policy');
  const namespace = written === '' ? context.namespace : written;
  const { path } = services;
  return [
    oneClause('peer', servicePredicate({ path, namespace, name, side: context.side })),
    ...openClauses(unknownFields(services, ['name', 'namespace'])),
  ];
}

function checkServices(place: Place, { side, way }: EntityContext): void {
  const services = fieldOf(place, 'services');
  if ((side === 'destination') !== (way === 'egress'))
    refuse(services, `must not be in the ${side} of an ${way} rule`);
  const lists =
    side === 'destination'
      ? [...LISTS_EXCLUDED_BY_SERVICES, 'ports', 'notPorts']
      : LISTS_EXCLUDED_BY_SERVICES;
  for (const name of EXCLUDED_BY_SERVICES) {
    const { value } = fieldOf(place, name);
    if (value !== undefined && value !== null && value !== '')
      refuse(services, `must not stand beside ${name}`);
  }
  for (const name of lists) {
    const { value } = fieldOf(place, name);
    if (Array.isArray(value) && value.length > 0) refuse(services, `must not stand beside ${name}`);
  }
}

function domainClauses(place: Place, { side, way }: EntityContext): readonly Clause[] {
  const domains = fieldOf(place, 'domains');
  const options = textsAt(domains, MOST.domains).map((domain, index): Option => {
    const path = [...domains.path, index];
    return { path, predicates: [domainName(domain, path)] };
  });
  if (options.length > 0 && (side !== 'destination' || way !== 'egress'))
    refuse(domains, 'must be in the destination of an egress rule');
  return optionsClause('peer', domains.path, options);
}

function portClauses(place: Place, context: EntityContext): readonly Clause[] {
  const ports = fieldOf(place, 'ports');
  const excluded = notPortsPredicate(fieldOf(place, 'notPorts'), context);
  return [
    ...optionsClause('port', ports.path, portOptions(ports, context)),
    ...(excluded === undefined ? [] : [oneClause('port', excluded)]),
  ];
}
