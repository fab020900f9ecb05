import { policyName } from '../../core/policy-name.ts';
import { formatTime, type TimeWindow } from '../../core/time.ts';
import type { Way } from '../../policy/form.ts';
import type { Expression, Side } from '../../query/ast.ts';
import { all, either, term } from '../../query/build.ts';
import { printQuery } from '../../query/print.ts';
import { literal } from '../../query/word.ts';
import type { FlowReader } from '../../store/flow-store.ts';
import type { NamedPolicy } from './listed-policy.ts';
import type { DeniedPeerJson, ShownPolicyJson } from './policy-shapes.ts';

/** Pods that a query names: more would not fit into one that a person can open. */
const MAX_PODS = 50;
const MOST = 10;

type Ends = { readonly own: Side; readonly peer: Side };
const SIDES: Readonly<Record<Way, Ends>> = {
  ingress: { own: 'to', peer: 'from' },
  egress: { own: 'from', peer: 'to' },
};

const DROPPED = term(undefined, 'verdict', 'dropped');

/**
 * Who was denied most. A drop by default deny names no policy, so those at the pods that the policy selects are told
 * apart from those that name it.
 */
export async function deniedPeers(
  reader: Pick<FlowReader, 'summarize'>,
  { object, cluster, ref }: NamedPolicy,
  within: TimeWindow,
): Promise<ShownPolicyJson['denied']> {
  const ways = (['ingress', 'egress'] as const).filter((way) =>
    object.compiled.some((each) => each.ways.has(way)),
  );
  const named = term(undefined, 'policy', policyName(ref));
  const pods = cluster.selected(object).slice(0, MAX_PODS);
  const atPods = ways.map((way) => dropsAt(way, pods));
  const byWay = (where: (way: Way) => Expression | undefined) =>
    Promise.all(ways.map((way) => peersOf(reader, where(way), way, within)));
  const [byThis, atItsPods] = await Promise.all([
    byWay((way) => all([DROPPED, term(undefined, 'dir', way), named])),
    pods.length === 0 ? [] : byWay((way) => dropsAt(way, pods)),
  ]);
  return {
    byThis: mostFirst(byThis.flat()),
    atItsPods: mostFirst(atItsPods.flat()),
    q: pods.length === 0 || ways.length === 0 ? '' : printQuery(either(atPods)),
  };
}

function dropsAt(
  way: Way,
  pods: readonly { readonly namespace: string; readonly name: string }[],
): Expression {
  const { own } = SIDES[way];
  const byNamespace = Map.groupBy(pods, ({ namespace }) => namespace);
  const ends = [...byNamespace].map(([namespace, those]) =>
    all([
      term(own, 'ns', namespace),
      {
        kind: 'field',
        ...{ side: own, field: 'pod' },
        values: those.map(({ name }) => literal(name, 'value')),
      },
    ]),
  );
  return all([
    DROPPED,
    term(undefined, 'reason', 'policy'),
    term(undefined, 'dir', way),
    either(ends),
  ]);
}

async function peersOf(
  reader: Pick<FlowReader, 'summarize'>,
  where: Expression | undefined,
  way: Way,
  within: TimeWindow,
): Promise<readonly DeniedPeerJson[]> {
  const { peer } = SIDES[way];
  const { rows } = await reader.summarize({
    ...{ where, within, buckets: 1, top: MOST },
    by: [`${peer}.wl`, 'to.port'],
  });
  return rows.flatMap(({ keys, events, lastAt }) =>
    keys === undefined
      ? []
      : [
          {
            peer: keys[0] === '' || keys[0] === undefined ? 'no workload' : keys[0],
            port: keys[1] ?? '',
            events,
            lastAt: lastAt === undefined ? null : formatTime(lastAt),
          },
        ],
  );
}

const mostFirst = (peers: readonly DeniedPeerJson[]): readonly DeniedPeerJson[] =>
  peers.toSorted((a, b) => b.events - a.events).slice(0, MOST);
