import type { Flow } from '../../server/core/flow.ts';
import { nanos } from '../../server/core/time.ts';
import { createLogger } from '../../server/lib/log.ts';
import {
  attribute,
  type AttributionQuestion,
} from '../../server/operations/attribution/attribute.ts';
import {
  createAttribution,
  type Attribution,
} from '../../server/operations/attribution/keep-attribution.ts';
import { createDataplaneFinder } from '../../server/operations/policies/cluster-dataplanes.ts';
import { createEngines } from '../../server/operations/why/engine-at.ts';
import { readEvaluated, type EvaluatedRow } from '../../server/store/control/read-evaluated.ts';
import { batchOf } from './flow.ts';
import {
  allowed,
  clock,
  dropped,
  manifests,
  namespaceOf,
  openWhyWorld,
  podOf,
  type Step,
  type WhyWorld,
} from './why-world.ts';

export const CART = podOf('shop/cart-0', '10.0.0.1', { app: 'cart' });
export const REDIS = podOf('shop/redis-0', '10.0.0.2', { app: 'redis' });
export const WEB = podOf('shop/web-0', '10.0.0.3', { app: 'web' });
export const PODS = [namespaceOf('shop'), CART, REDIS, WEB];
const OPEN_FROM = clock('00:01:00');

export const ISOLATING = manifests(`
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: default-deny, namespace: shop }
spec: { podSelector: {}, policyTypes: [Ingress] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: redis-from-web, namespace: shop }
spec:
  podSelector: { matchLabels: { app: redis } }
  ingress:
    - from: [{ podSelector: { matchLabels: { app: web } } }]
      ports: [{ port: 6379 }]
`);

export const put = (...objects: readonly (typeof CART)[]): Step => ({
  at: OPEN_FROM,
  put: objects,
});
export const WORLD = { steps: [put(...PODS), put(...ISOLATING)] };

/** Cilium's word on a new connection, at the destination. */
export const VERDICT: Partial<Flow> = {
  ...{ event: 'policy-verdict', direction: 'ingress', reporter: 'destination' },
};
export const denied = (at: string, more: Partial<Flow> = {}): Flow =>
  dropped({ from: CART, to: REDIS, port: 6379, at, more: { ...VERDICT, ...more } });
export const admitted = (at: string, more: Partial<Flow> = {}): Flow =>
  allowed({ from: WEB, to: REDIS, port: 6379, at, more: { ...VERDICT, ...more } });

type AttributionWorld = AsyncDisposable &
  Pick<WhyWorld, 'inventory' | 'store' | 'control' | 'directory'> & {
    /** Stores flows of one source. */
    tell(...flows: readonly Flow[]): Promise<void>;
    /** Weighs what was stored since the last time. */
    step(): Promise<void>;
    readonly attribution: Attribution;
    /** Weighs a stretch, and keeps nothing of it. */
    weigh(question: Partial<AttributionQuestion>): ReturnType<typeof attribute>;
    /** Everything that was evaluated on that day. */
    rows(): readonly EvaluatedRow[];
    /** The same as lines: `shop/web ingress spec.ingress[0] allowed 3`. */
    lines(): readonly string[];
  };

/** The day of these worlds, and a time at which all of it is over. */
export const DAY = { from: clock('00:00:00'), to: nanos(clock('00:00:00') + 86_400_000_000_000n) };
const NOW = nanos(clock('23:59:00'));

export async function openAttributionWorld({
  steps,
  maxRows,
}: {
  readonly steps: readonly Step[];
  readonly maxRows?: number;
}): Promise<AttributionWorld> {
  await using parts = new AsyncDisposableStack();
  const world = parts.use(await openWhyWorld({ dataplane: 'cilium', steps }));
  const { store, control, inventory, directory } = world;
  const weighing = {
    ...{ reader: store, inventory, engines: createEngines() },
    dataplanes: createDataplaneFinder(store),
  };
  const attribution = createAttribution({
    weigh: (question) => attribute(weighing, question, maxRows),
    ...{ hits: control.evaluated, head: () => store.head(), keepMs: 90 * 86_400_000 },
    ...{ clock: { now: () => NOW }, log: createLogger('silent') },
  });
  // Begins at the beginning, as a server does that is new.
  await attribution.step(new AbortController().signal);
  const rows = (): readonly EvaluatedRow[] => {
    using evaluated = readEvaluated(directory);
    return evaluated.read({ within: DAY, buckets: 1 });
  };
  const held = parts.move();
  return {
    ...{ inventory, store, control, directory, attribution, rows },
    async tell(...flows) {
      await store.append(batchOf(flows));
    },
    step: () => attribution.step(new AbortController().signal),
    weigh: (question) =>
      attribute(weighing, {
        ...{ after: 0, upTo: store.head(), verdictsOf: [], now: NOW },
        ...question,
      }),
    lines: () => rows().map(lineOf).sort(),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

function lineOf({ policy, direction, rule, named, totals, shared }: EvaluatedRow): string {
  const name = policy.name === '' ? 'nobody' : `${policy.namespace}/${policy.name}`;
  const counts = (['allowed', 'denied', 'staged'] as const).flatMap((kind) =>
    totals[kind] === 0 ? [] : [`${kind} ${totals[kind]}`],
  );
  return [
    ...[name, direction, rule === '' ? 'whole' : rule],
    ...(named ? ['named'] : []),
    ...counts,
    ...(shared === 0 ? [] : [`shared ${shared}`]),
  ].join(' ');
}
