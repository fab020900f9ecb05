import { endName } from '../../core/end-name.ts';
import type { StoredFlow } from '../../core/flow.ts';
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
/** Groups of drops that peers are counted from. */
const MOST_GROUPS = 2_000;

type Ends = { readonly own: Side; readonly peer: Side };
const SIDES: Readonly<Record<Way, Ends>> = {
  ingress: { own: 'to', peer: 'from' },
  egress: { own: 'from', peer: 'to' },
};

const DROPPED = term(undefined, 'verdict', 'dropped');

/**
 * Who was denied most, counted as drop groups are: a verdict and the drop that follows it are one. A drop by default deny names no policy, so those at the pods that the policy selects are told
 * apart from those that name it.
 */
export async function deniedPeers(
  reader: Pick<FlowReader, 'dropGroups'>,
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
  reader: Pick<FlowReader, 'dropGroups'>,
  where: Expression | undefined,
  way: Way,
  within: TimeWindow,
): Promise<readonly DeniedPeerJson[]> {
  const { groups } = await reader.dropGroups({ where, within, top: MOST_GROUPS });
  const byPeer = Map.groupBy(groups, ({ latest }) => JSON.stringify(peerOf(latest, way)));
  return [...byPeer].map(([key, same]) => {
    const [peer = '', port = ''] = JSON.parse(key) as string[];
    const last = same.reduce((one, other) => (other.lastAt > one.lastAt ? other : one));
    const events = same.reduce((sum, { count }) => sum + count, 0);
    return { peer, port, events, lastAt: formatTime(last.lastAt) };
  });
}

/** The other end by its name, and the port that was asked for. */
function peerOf(drop: StoredFlow, way: Way): readonly [peer: string, port: string] {
  const { source, sourceIp, sourceNames, destination, destinationIp, destinationNames } = drop;
  const peer =
    way === 'ingress'
      ? endName(source, { names: sourceNames, ip: sourceIp })
      : endName(destination, { names: destinationNames, ip: destinationIp });
  return [peer, drop.destinationPort > 0 ? String(drop.destinationPort) : ''];
}

const mostFirst = (peers: readonly DeniedPeerJson[]): readonly DeniedPeerJson[] =>
  peers.toSorted((a, b) => b.events - a.events).slice(0, MOST);
