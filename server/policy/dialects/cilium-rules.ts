import { isRecord, type ManifestPath } from '../../core/manifest.ts';
import type { Clause, Option, Predicate, Rule, Way } from '../form.ts';
import { not, truthOf } from '../truth.ts';
import { predicatesHold } from '../matching.ts';
import { alwaysOpen } from '../predicates/open.ts';
import { predicateOf } from '../predicates/predicate.ts';
import { oneClause, openClauses } from './clauses.ts';
import { readIcmps } from './cilium-icmp.ts';
import { readL7 } from './cilium-l7.ts';
import { peerFields, readEndpoints, readPeers, type RuleContext } from './cilium-peers.ts';
import { readPorts, type PortEntry } from './cilium-ports.ts';
import {
  choiceAt,
  fieldOf,
  isThere,
  itemsAt,
  refuse,
  unknownFields,
  type Place,
} from './manifest-fields.ts';

type SectionContext = RuleContext & {
  readonly way: Way;
  readonly isDeny: boolean;
  /** Selection by this rule set means that what no rule admits is denied. */
  readonly isolates: boolean;
  /** Of a node: proxies are for pods only. */
  readonly isHost: boolean;
  /** By port and protocol, the parser that a rule of this way has asked for: a port can have one. */
  readonly parsers: Map<string, string>;
};

/** A rule of a section. It becomes several where its ports are asked different things of their requests. */
export function readRule(place: Place, context: SectionContext): readonly Rule[] {
  if (!isRecord(place.value)) refuse(place, 'must be an object');
  const { way, isDeny } = context;
  const peers = peerFields(way, isDeny);
  const requires = fieldOf(place, way === 'ingress' ? 'fromRequires' : 'toRequires');
  const known = [...peers, String(requires.path.at(-1)), 'toPorts', 'icmps'];
  const open = unknownFields(place, isDeny ? known : [...known, 'authentication']);
  const shared = [
    readPeers(place, peers, context),
    ...openClauses(open),
    ...(isDeny ? [] : [readAuthentication(fieldOf(place, 'authentication'))]),
    ...readServicePorts(place),
  ].filter((clause) => clause !== undefined);
  const ruleOf = (clauses: readonly Clause[]): Rule => ({
    path: place.path,
    effect: isDeny ? 'deny' : 'allow',
    clauses: [...shared, ...clauses],
  });
  return [
    ...readRequires(requires, place, context),
    ...readTraffic(
      place,
      context,
      shared.some(({ kind }) => kind === 'peer'),
    ).map(ruleOf),
  ];
}

const optionsClause = (
  kind: Clause['kind'],
  path: Place['path'],
  options: Clause['options'],
): Clause => ({ kind, path, options });

/** The rest of a rule: for each way in which its traffic may match the clauses that say so. */
function readTraffic(
  place: Place,
  context: SectionContext,
  hasPeers: boolean,
): readonly (readonly Clause[])[] {
  const ports = fieldOf(place, 'toPorts');
  const icmps = fieldOf(place, 'icmps');
  const entries = itemsAt(ports);
  const hasIcmps = itemsAt(icmps).length > 0;
  if (hasIcmps && entries.length > 0)
    refuse(icmps, 'must not stand beside toPorts: write two rules');
  if (hasIcmps) return [[optionsClause('port', icmps.path, readIcmps(icmps))]];
  if (entries.length > 0) return readPortRules(ports, entries, context);
  // A rule that names neither peers nor ports matches nothing; that it stands in its section isolates.
  return hasPeers ? [[]] : [];
}

/** Ports without questions are one list; each entry that a proxy looks into stands for itself. */
function readPortRules(
  list: Place,
  entries: readonly Place[],
  context: SectionContext,
): readonly (readonly Clause[])[] {
  const plain: Option[] = [];
  const asked: (readonly Clause[])[] = [];
  for (const entry of entries) {
    const ports = readPorts(fieldOf(entry, 'ports'));
    const clauses = context.isDeny ? readDenyEntry(entry) : readAllowEntry(entry, ports, context);
    const options = ports.map(({ option }) => option);
    if (clauses.length === 0) plain.push(...options);
    else asked.push([optionsClause('port', entry.path, options), ...clauses]);
  }
  return plain.length > 0 || asked.length === 0
    ? [[optionsClause('port', list.path, plain)], ...asked]
    : asked;
}

/** Deny rules have ports alone; the API server drops what else is written there. */
function readDenyEntry(entry: Place): readonly Clause[] {
  unknownFields(entry, ['ports']);
  return [];
}

const ENTRY_FIELDS = [
  'ports',
  'rules',
  'serverNames',
  'terminatingTLS',
  'originatingTLS',
  'listener',
] as const;

function readAllowEntry(
  entry: Place,
  ports: readonly PortEntry[],
  { way, isolates, isHost, parsers }: SectionContext,
): readonly Clause[] {
  const open = unknownFields(entry, ENTRY_FIELDS);
  const { parser, clauses } = readL7(entry, ports, way === 'ingress');
  for (const { text, protocol } of parser === '' ? [] : ports) {
    const port = `${text}/${protocol}`;
    const other = parsers.get(port) ?? parser;
    if (other !== parser)
      refuse(
        fieldOf(entry, 'rules'),
        `asks ${parser} of ${port}, of which a rule before asks ${other}`,
      );
    parsers.set(port, other);
  }
  if (isHost && parser !== '')
    refuse(fieldOf(entry, 'rules'), 'must not be given in a policy of nodes');
  return [...clauses.map((clause) => (isolates ? clause : orNewer(clause))), ...openClauses(open)];
}

const NEWER = {
  kind: 'version',
  text: 'whether this version of Cilium restricts requests by rules that do not isolate',
} as const;

/** Without isolation newer versions admit every request, and older ones those that an entry admits. */
function orNewer(clause: Clause): Clause {
  const open = alwaysOpen(clause.path, 'a version that admits every request', NEWER);
  return { ...clause, options: [...clause.options, { path: clause.path, predicates: [open] }] };
}

const MODES = ['disabled', 'required', 'test-always-fail'] as const;

function readAuthentication(place: Place): Clause | undefined {
  const at = fieldOf(place, 'mode');
  unknownFields(place, ['mode']);
  const mode = choiceAt(at, MODES);
  if (isThere(place) && !isThere(at)) refuse(at, `must be one of ${MODES.join(', ')}`);
  if (mode === undefined || mode === 'disabled') return undefined;
  if (mode === 'test-always-fail') return optionsClause('authentication', at.path, []);
  return oneClause('authentication', areAuthenticated(at.path));
}

/** No policy knows it, and no record but that of a drop for want of it. */
const areAuthenticated = (path: ManifestPath): Predicate =>
  predicateOf({
    path,
    about: 'other',
    expected: 'ends that have authenticated each other',
    test: ({ connection: { authenticated } }) =>
      authenticated === undefined ? 'unknown' : truthOf(authenticated),
    actual: ({ connection: { authenticated } }) =>
      authenticated === undefined ? 'not known' : authenticated ? 'they had' : 'they had not',
    missing: () => ({
      kind: 'authentication',
      text: 'whether both ends had authenticated each other',
    }),
  });

/** Ports beside services are refused before Cilium 1.17, and narrow the rule from then on. */
function readServicePorts(place: Place): readonly Clause[] {
  const services = fieldOf(place, 'toServices');
  const ports = fieldOf(place, 'toPorts');
  if (itemsAt(services).length === 0 || itemsAt(ports).length === 0) return [];
  const open = alwaysOpen(ports.path, 'Cilium 1.17 or later, which takes ports beside services', {
    kind: 'version',
    text: 'whether this version of Cilium takes toPorts beside toServices',
  });
  return [oneClause('condition', open)];
}

/** A condition on every peer of the subject, whatever another rule admits: so whoever fails it is denied. */
function readRequires(list: Place, { path }: Place, context: SectionContext): readonly Rule[] {
  return itemsAt(list).map((item) => {
    const required = readEndpoints(item, context);
    const test = required.predicates;
    const denied: Option = {
      path: item.path,
      predicates: [
        {
          path: item.path,
          about: 'labels',
          test: (question) => not(predicatesHold(required, question)),
          report(question) {
            const reports = test.map((each) => each.report(question));
            const shown = reports.find(({ truth }) => truth !== 'yes') ?? reports[0];
            const truth = not(predicatesHold(required, question));
            const report = {
              truth,
              expected: `not ${reports.map(({ expected }) => expected).join(', ')}`,
              actual: shown?.actual ?? 'anybody',
            };
            return shown?.missing === undefined ? report : { ...report, missing: shown.missing };
          },
        },
      ],
    };
    return { path, effect: 'deny', clauses: [optionsClause('peer', list.path, [denied])] };
  });
}
