import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import type { Flow } from '../../server/core/flow.ts';
import { hitCounts, type HitCount } from '../../server/core/hit-counts.ts';
import { nanos } from '../../server/core/time.ts';
import { anyFormat } from '../../server/sources/line-format.ts';
import type { FlowReader } from '../../server/store/flow-store.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { ALL_TIME } from '../support/flow-stores.ts';
import { batchOf } from '../support/flow.ts';
import { sampleLines, sampleNames, wireVectors } from '../support/samples.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** What each record that names a policy adds: kind, name, direction, rule, what it is a hit of, how often. */
const HITS: Readonly<Record<string, readonly string[]>> = {
  // A deny rule, whose policy is named.
  'hubble/explicit-deny-with-policy-name.jsonl:1': [
    'CiliumNetworkPolicy net-lab/deny-tg-to-echo egress -1 denied 1',
  ],
  // A trace event, and not a verdict: its connection was weighed before.
  'hubble/synthetic.jsonl:9': [],
  'hubble/synthetic.jsonl:10': ['NetworkPolicy shop/np egress -1 allowed 1'],
  'hubble/synthetic.jsonl:11': ['CiliumClusterwideNetworkPolicy base ingress -1 allowed 1'],
  'hubble/synthetic.jsonl:12': ['CiliumClusterwideNetworkPolicy base ingress -1 denied 1'],
  'hubble/wire-vectors.jsonl:9': [],
  'hubble/wire-vectors.jsonl:10': ['NetworkPolicy shop/np egress -1 allowed 1'],
  'hubble/wire-vectors.jsonl:11': ['CiliumClusterwideNetworkPolicy base ingress -1 allowed 1'],
  'hubble/wire-vectors.jsonl:12': ['CiliumClusterwideNetworkPolicy base ingress -1 denied 1'],
  'hubble/wire-vectors.jsonl:67': [
    'CiliumNetworkPolicy net-lab/deny-tg-to-echo egress -1 denied 1',
  ],
  'calico/constructed-flows.jsonl:1': [
    'GlobalNetworkPolicy security tenant-shop egress 2 passed 12',
    'CalicoNetworkPolicy default shop/web-egress egress 0 allowed 12',
  ],
  'calico/constructed-flows.jsonl:2': [
    'GlobalNetworkPolicy security tenant-shop ingress 1 passed 12',
    'NetworkPolicy default shop/api-from-web ingress 0 allowed 12',
  ],
  // The end of a tier is no hit of the policy that stands for it.
  'calico/constructed-flows.jsonl:3': [
    'GlobalNetworkPolicy security tenant-shop egress 2 passed 3',
  ],
  // A profile is no policy; the staged one would deny.
  'calico/constructed-flows.jsonl:4': [
    'StagedNetworkPolicy default shop/no-internet egress 0 staged 1',
  ],
  'calico/constructed-flows.jsonl:5': [],
  'calico/constructed-flows.jsonl:6': [
    'GlobalNetworkPolicy platform allow-dns egress 1 allowed 16',
  ],
  'calico/constructed-flows.jsonl:7': [
    'GlobalNetworkPolicy security egress-partners egress 0 allowed 1',
  ],
  // No connection began in its window.
  'calico/constructed-flows.jsonl:8': [
    'GlobalNetworkPolicy security tenant-shop egress 2 passed 0',
    'CalicoNetworkPolicy default shop/web-egress egress 0 allowed 0',
  ],
  // What a host lets through is not of an end.
  'calico/constructed-flows.jsonl:10': [],
  'calico/constructed-flows.jsonl:11': [
    'GlobalNetworkPolicy security tenant-shop ingress 1 passed 2',
    'NetworkPolicy default shop/api-from-web ingress 0 allowed 2',
  ],
  'calico/constructed-flows.jsonl:12': [
    'GlobalNetworkPolicy security tenant-shop ingress 1 passed 2',
    'CalicoNetworkPolicy default shop/api-allow-web ingress 0 allowed 2',
  ],
  'calico/constructed-flows.jsonl:13': [
    'GlobalNetworkPolicy security tenant-shop egress 2 passed 1',
    'CalicoNetworkPolicy default shop/web-egress egress 0 allowed 1',
  ],
  'calico/flows-file.jsonl:1': [
    'GlobalNetworkPolicy security tenant-histershop ingress 0 passed 1',
  ],
  'calico/flows-file.jsonl:2': [
    'CalicoNetworkPolicy tier1 ns1/policy1 ingress 3 passed 1',
    'CalicoNetworkPolicy default policy-demo/access-nginx ingress 2 allowed 1',
    'StagedNetworkPolicy tier2 ns2/tier1.policy1 ingress 1 staged 1',
  ],
  // Strings of four fields name no rule.
  'calico/flows-file.jsonl:3': [
    'CalicoNetworkPolicy default policy-demo/access-nginx ingress -1 allowed 47',
  ],
  'calico/flows-file.jsonl:4': [],
  'calico/flows-file.jsonl:5': [
    'CalicoNetworkPolicy default policy-demo/deny-access-nginx ingress -1 denied 50',
  ],
  'calico/flows-file.jsonl:6': [],
};

const NAMES_POLICY = /(?:llowed_?[bB]y|enied_?[bB]y)"|"policies":\{/;
/** Files of Goldmane have tests of their own; the others hold no flows. */
const FILES = [
  ...sampleNames('hubble').filter((name) => name.endsWith('.jsonl')),
  'calico/constructed-flows.jsonl',
  'calico/flows-file.jsonl',
];

function linesOf(file: string): readonly string[] {
  return file.endsWith('wire-vectors.jsonl')
    ? wireVectors().map(({ json }) => JSON.stringify(json))
    : sampleLines(file);
}

const SAMPLES = FILES.flatMap((file) =>
  linesOf(file).flatMap((text, at) =>
    NAMES_POLICY.test(text) ? [{ place: `${file}:${at + 1}`, text }] : [],
  ),
);

function flowOf(text: string, offset: number): Flow {
  const decode = anyFormat('samples', 'node');
  const { flow, rejected } = decode({
    text,
    bytes: Buffer.from(text),
    place: { file: 'f', offset, always: false },
    receivedAt: nanos(1_800_000_000_000_000_000n),
  });
  if (flow === undefined) throw new Error(`no flow: ${String(rejected)}`);
  return flow;
}

const hitText = ({ hit, kind, count }: HitCount): string => {
  const { policy, direction, rule } = hit;
  const name = policy.namespace === '' ? policy.name : `${policy.namespace}/${policy.name}`;
  const tier = policy.tier === '' ? [] : [policy.tier];
  return [policy.kind, ...tier, name, direction, rule, kind, count].join(' ');
};

describe('hits of the samples', () => {
  test('the table has every record that names a policy, and no other', () => {
    expect(SAMPLES.map(({ place }) => place).sort()).toEqual(Object.keys(HITS).sort());
  });

  test.each(SAMPLES)('$place', ({ place, text }) => {
    expect(hitCounts(flowOf(text, 0)).map(hitText)).toEqual(HITS[place]);
  });

  test('stored, they add up to the same', async () => {
    await using directory = await temporaryDirectory();
    await using store = await openSqliteStore({ directory: directory.path });
    const flows = SAMPLES.map(({ text }, at) => flowOf(text, at));
    await store.append(batchOf(flows));
    const wanted = new Map<string, number>();
    for (const line of Object.values(HITS).flat()) {
      const at = line.lastIndexOf(' ');
      const count = Number(line.slice(at + 1));
      const name = line.slice(0, at);
      if (count > 0) wanted.set(name, (wanted.get(name) ?? 0) + count);
    }
    expect(await countedIn(store)).toEqual(new Map([...wanted].sort()));
  });
});

/** Hits by policy, direction, rule and kind, as the store has counted them. */
async function countedIn(store: FlowReader): Promise<ReadonlyMap<string, number>> {
  const counts: [string, number][] = [];
  for (const { policy, direction, rule, totals } of await store.policyHits({
    within: ALL_TIME,
    buckets: 1,
  })) {
    const name = policy.namespace === '' ? policy.name : `${policy.namespace}/${policy.name}`;
    const tier = policy.tier === '' ? [] : [policy.tier];
    for (const [kind, count] of Object.entries(totals))
      if (count > 0)
        counts.push([[policy.kind, ...tier, name, direction, rule, kind].join(' '), count]);
  }
  return new Map(counts.sort());
}

/** The same, counted anew from every flow that is kept. */
async function recounted(store: FlowReader): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  let after: number | undefined = 0;
  while (after !== undefined) {
    const page = await store.records(
      { where: undefined },
      { limit: 1_000, order: 'oldest', ...(after === 0 ? {} : { after }) },
    );
    for (const each of page.flows)
      for (const hit of hitCounts(each)) {
        const text = hitText(hit);
        const name = text.slice(0, text.lastIndexOf(' '));
        if (hit.count > 0) counts.set(name, (counts.get(name) ?? 0) + hit.count);
      }
    after = page.next;
  }
  return new Map([...counts].sort());
}

const APPENDER = new URL('../support/appending-process.ts', import.meta.url).pathname;

/** Lets a process append until it told so many commits, and kills it in the middle of the next. */
async function killAfter(directory: string, after: number): Promise<void> {
  const child = spawn(process.execPath, [APPENDER, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let left = after;
  let told = '';
  for await (const line of createInterface({ input: child.stdout })) {
    told = line;
    if (--left === 0) child.kill('SIGKILL');
  }
  expect(Number(told)).toBeGreaterThan(0);
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  expect(child.signalCode).toBe('SIGKILL');
}

test('counters equal a recount of the stored flows after every kill, and outlive the flows', async () => {
  await using directory = await temporaryDirectory();
  for (const commits of [5, 33, 58]) {
    await killAfter(directory.path, commits);
    await using store = await openSqliteStore({ directory: directory.path });
    const counted = await countedIn(store);
    expect(counted.size).toBe(2);
    expect(counted).toEqual(await recounted(store));
  }
  await using store = await openSqliteStore({ directory: directory.path });
  const before = await countedIn(store);
  const span = await store.span();
  const end = nanos((span?.to ?? 0n) + 10n ** 18n);
  await store.prune({ flowsBefore: end, dropsBefore: end, countsBefore: nanos(0n) });
  expect(await recounted(store)).toEqual(new Map());
  expect(await countedIn(store)).toEqual(before);
}, 60_000);
