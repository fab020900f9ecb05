import type { StatisticsResult } from '../sources/goldmane-proto.ts';
import type { JsonObject } from '../sources/json-value.ts';
import { BUCKET_SECONDS } from './goldmane-flows.ts';

type Series = { [Name in 'allowed' | 'denied' | 'passed' as `${Name}_${'in' | 'out'}`]: number[] };

type Counted = { readonly policy: JsonObject; readonly series: Series };

const NAMES = { Allow: 'allowed', Deny: 'denied', Pass: 'passed' } as const;

/**
 * Packets of each policy in the buckets from `from` up to `to`. The demo's pending traces repeat the enforced ones, and
 * no trace names a policy twice, so each flow adds to each of its policies once, as in Goldmane.
 */
export function packetStatistics(
  flowsOf: (bucketStart: number) => readonly JsonObject[],
  { from, to }: { readonly from: number; readonly to: number },
): readonly StatisticsResult[] {
  const starts: number[] = [];
  for (let start = from; start < to; start += BUCKET_SECONDS) starts.push(start);
  const counted = new Map<string, Counted>();
  for (const [at, start] of starts.entries()) {
    for (const flow of flowsOf(start)) addFlow(counted, flow, { at, buckets: starts.length });
  }
  return [...counted.values()].map(({ policy, series }) => ({
    policy,
    x: starts.map(String),
    ...Object.fromEntries(
      Object.entries(series).map(([name, values]) => [name, values.map(String)]),
    ),
  }));
}

function addFlow(
  counted: Map<string, Counted>,
  flow: JsonObject,
  { at, buckets }: { readonly at: number; readonly buckets: number },
): void {
  const { policies } = flow['Key'] as { policies: { enforced_policies: readonly JsonObject[] } };
  for (const { kind, namespace, name, tier, action } of policies.enforced_policies) {
    const policy = { kind, namespace, name, tier } as JsonObject;
    const key = JSON.stringify(policy);
    const { series } = counted.get(key) ?? { series: emptySeries(buckets) };
    counted.set(key, { policy, series });
    const word = NAMES[action as keyof typeof NAMES];
    series[`${word}_in`][at] = (series[`${word}_in`][at] ?? 0) + Number(flow['packets_in']);
    series[`${word}_out`][at] = (series[`${word}_out`][at] ?? 0) + Number(flow['packets_out']);
  }
}

function emptySeries(buckets: number): Series {
  const zeros = (): number[] => Array.from({ length: buckets }, () => 0);
  return {
    ...{ allowed_in: zeros(), allowed_out: zeros() },
    ...{ denied_in: zeros(), denied_out: zeros() },
    ...{ passed_in: zeros(), passed_out: zeros() },
  };
}
