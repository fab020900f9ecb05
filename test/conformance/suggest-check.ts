import type { Manifest } from '../../server/core/manifest.ts';
import type { Engine } from '../../server/policy/engine.ts';
import type {
  ClusterFacts,
  Connection,
  Dataplane,
  Judged,
  Party,
} from '../../server/policy/facts.ts';
import { newlyAllowed } from '../../server/policy/suggest/newly-allowed.ts';
import { reachOf } from '../../server/policy/suggest/part.ts';
import { suggest } from '../../server/policy/suggest/suggest.ts';
import { engineOf } from './policy-arbitrary.ts';

/** What is random in one case. */
export type SuggestCase = {
  readonly policies: readonly Manifest[];
  readonly asked: Connection;
  /** Other connections that were seen. */
  readonly recorded: readonly Connection[];
};

export type SuggestWorld = { readonly dataplane: Dataplane; readonly facts: ClusterFacts };

export type Checked =
  | { readonly kind: 'none'; readonly why: string; readonly reason: string }
  | {
      readonly kind: 'change';
      readonly reason: string;
      /** The verdict of the policies as they are printed. */
      readonly verdict: string;
      /** Connections that are printed as newly allowed, those that are, and those that were before and are no more. */
      readonly told: readonly string[];
      readonly newly: readonly string[];
      readonly lost: readonly string[];
    };

const judgedOf = (asked: Connection): Judged => ({ connection: asked, reply: 'no' });

export const verdictOf = (engine: Engine, asked: Connection) =>
  engine.judge(judgedOf(asked)).verdict;

const namespaceOf = (party: Party): string => (party.kind === 'pod' ? party.namespace : '');

/** As drops are looked up: those with an end in a namespace whose policies change. */
const isNear =
  (reach: readonly string[] | undefined) =>
  ({ client, server }: Connection): boolean =>
    reach === undefined || [client, server].some((party) => reach.includes(namespaceOf(party)));

/** Suggests a change for a connection that is denied, and asks what a cluster would do with it. */
export function checkSuggestion(
  { policies, asked, recorded }: SuggestCase,
  { dataplane, facts }: SuggestWorld,
): Checked {
  const engine = engineOf(policies, facts, dataplane);
  const { egress, ingress } = engine.judge(judgedOf(asked));
  const reason = [egress, ingress].find((end) => end?.verdict === 'deny')?.reason ?? '';
  const found = suggest({
    ...{ manifests: policies, engine, judged: judgedOf(asked) },
    builder: { build: (manifests) => engineOf(manifests, facts, dataplane) },
  });
  if (found.kind === 'none') return { ...found, reason };
  const told = newlyAllowed(recorded.filter(isNear(reachOf(found.parts))), judgedOf, {
    before: engine,
    after: found.engine,
  });
  const befores = new Set(found.parts.map(({ before }) => before));
  const printed = engineOf(
    [
      ...policies.filter((policy) => !befores.has(policy)),
      ...found.parts.map(({ after }) => after),
    ],
    facts,
    dataplane,
  );
  const isAllowed = (by: Engine, other: Connection): boolean => verdictOf(by, other) === 'allow';
  return {
    kind: 'change',
    reason,
    verdict: verdictOf(printed, asked),
    told: told.map(textOf),
    newly: recorded
      .filter((other) => isAllowed(printed, other) && !isAllowed(engine, other))
      .map(textOf),
    lost: recorded
      .filter((other) => isAllowed(engine, other) && !isAllowed(printed, other))
      .filter((other) => !isServedElsewhere(other, facts))
      .map(textOf),
  };
}

/** Nobody listens there: a service leads its port to another one of the pod. */
const isServedElsewhere = ({ server, port, protocol }: Connection, facts: ClusterFacts): boolean =>
  server.kind === 'pod' &&
  facts.services.some(
    ({ namespace, selector, ports }) =>
      namespace === server.namespace &&
      [...(selector ?? [])].every(([key, value]) => server.labels.known.get(key) === value) &&
      ports.some((each) => each.port === port && each.protocol === protocol),
  );

const textOf = ({ client, server, port, protocol }: Connection): string =>
  `${endOf(client)} → ${endOf(server)}:${port ?? '-'}/${protocol}`;

function endOf(party: Party): string {
  switch (party.kind) {
    case 'pod':
      return `${party.namespace}/${party.name}`;
    case 'node':
      return party.name;
    case 'reserved':
      return party.entity;
    case 'address':
    case 'unresolved':
      return party.ip;
  }
}
