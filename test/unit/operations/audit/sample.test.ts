import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Flow } from '../../../../server/core/flow.ts';
import type { Manifest } from '../../../../server/core/manifest.ts';
import { NO_EXCEPTIONS } from '../../../../server/operations/audit/allow-list.ts';
import { foldEdges } from '../../../../server/operations/audit/fold-edges.ts';
import { defaultDeny } from '../../../../server/operations/audit/policy-change.ts';
import { withPseudonyms } from '../../../../server/operations/audit/pseudonyms.ts';
import {
  readSample,
  sampleLines,
  type Sample,
} from '../../../../server/operations/audit/sample-file.ts';
import { simulateRecorded } from '../../../../server/operations/audit/simulate-recorded.ts';
import { simulationJson } from '../../../../server/operations/audit/simulation-json.ts';
import type { Dataplane } from '../../../../server/policy/facts.ts';
import { aRow, hour } from '../../../support/connection-row.ts';
import { aFlow } from '../../../support/flow.ts';
import { networkPolicy, pod, seen } from '../../../support/objects.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const WEB = aFlow().source;
const DB = aFlow().destination;
const HOST = {
  ...WEB,
  kind: 'host',
  namespace: '',
  pod: '',
  workload: '',
  name: 'node-1',
} as const;
const DROPPED: Flow['verdict'] = { kind: 'dropped', reason: 'POLICY_DENIED' };
const L7: Flow['l7'] = {
  ...{ protocol: 'http', type: 'request', method: 'GET', path: '/', status: -1 },
};

const ROWS = [
  aRow({ direction: 'egress' }, { events: 9, hours: [0, 30, 50] }),
  aRow({ direction: 'ingress', event: 'l7', l7: L7 }, { events: 9, hours: [0, 30, 50] }),
  aRow({ source: { ...WEB, workload: '', workloadKind: '' }, destinationPort: 80 }),
  aRow({ source: { ...WEB, pod: 'alone', workload: 'alone' }, destinationPort: 81 }),
  aRow({ source: HOST, sourceIp: '172.18.0.3', destinationPort: 82 }),
  aRow({ destinationPort: 83, verdict: DROPPED }),
  aRow({ reply: 'yes', source: DB, destination: WEB, sourcePort: 84, destinationPort: 4_000 }),
  aRow({ node: 'west/node-2', destinationPort: 85 }),
];

const object = (
  apiVersion: string,
  kind: string,
  name: string,
  fields: Readonly<Record<string, unknown>>,
): Manifest => ({ apiVersion, kind, metadata: { name, namespace: 'shop' }, ...fields });

const OBJECTS: readonly Manifest[] = [
  // Records do not have the label that the policy selects by.
  { ...pod('web-0', '10.0.0.1', { app: 'web', role: 'front' }) },
  pod('db-0', '10.0.0.2', { app: 'db' }),
  object('v1', 'Node', 'node-1', {
    spec: { providerID: 'kind://node-1' },
    status: {
      addresses: [
        { type: 'InternalIP', address: '172.18.0.3' },
        { type: 'Hostname', address: 'node-1' },
      ],
    },
  }),
  object('discovery.k8s.io/v1', 'EndpointSlice', 'db-x', {
    addressType: 'IPv4',
    endpoints: [
      { addresses: ['10.0.0.2'], nodeName: 'node-1', targetRef: { kind: 'Pod', name: 'db-0' } },
    ],
    ports: [],
  }),
];

function sampleOf(dataplane: Dataplane, objects: readonly Manifest[] = OBJECTS): Sample {
  const clusters = ['east', 'west'].map((cluster) => {
    const own = ROWS.filter(({ flow }) => flow.node.startsWith(cluster));
    return { cluster, dataplane, ...foldEdges(own) };
  });
  return {
    recorded: { window: { from: hour(0), to: hour(51) }, clusters, left: 0, untold: 3 },
    objects: objects.map((each) => seen(each, 'east')),
  };
}

const CHANGE = [
  defaultDeny('shop', ['ingress']),
  networkPolicy('front', {
    podSelector: { matchLabels: { app: 'db' } },
    ingress: [
      { from: [{ podSelector: { matchLabels: { role: 'front' } } }], ports: [{ port: 5_432 }] },
      { from: [{ namespaceSelector: { matchLabels: { zone: 'a' } } }], ports: [{ port: 80 }] },
    ],
  }),
];

function told({ recorded, objects }: Sample, change = CHANGE) {
  const simulation = simulateRecorded(recorded, {
    setsOf: ({ cluster }) => {
      const own = objects.filter(({ key }) => key.cluster === cluster);
      return { before: undefined, after: [...own.map(({ manifest }) => manifest), ...change] };
    },
  });
  return simulationJson(recorded, simulation, NO_EXCEPTIONS);
}

async function readBack(sample: Sample, name = 'sample.gz'): Promise<Sample> {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, name);
  const text = [...sampleLines(sample)].join('');
  writeFileSync(file, name.endsWith('.gz') ? gzipSync(text) : text);
  return await readSample(file);
}

describe('a sample that is read back', () => {
  test.each(['cilium', 'calico', 'kubernetes'] as const)(
    'simulates the same, in %s',
    async (by) => {
      const sample = sampleOf(by);
      for (const name of ['sample.gz', 'sample.ndjson']) {
        const back = await readBack(sample, name);
        expect(told(back)).toEqual(told(sample));
        expect([...sampleLines(back)]).toEqual([...sampleLines(sample)]);
      }
      const { counts, leftOut } = told(sample);
      expect(counts['newly-denied']).toBeGreaterThan(2);
      expect(counts.undecided + counts.unchanged).toBeGreaterThan(1);
      expect(leftOut.tooMany).toBe(3);
    },
  );

  test('keeps the rhythm, the times and the ends of each edge', async () => {
    const edgesOf = ({ recorded }: Sample) =>
      recorded.clusters.flatMap(({ edges }) => edges.map(({ edge }) => edge));
    const sample = sampleOf('cilium');
    expect(edgesOf(await readBack(sample))).toEqual(edgesOf(sample));
  });
});

describe('pseudonyms', () => {
  const named = /web-0|db-0|alone|node-[0-9](?![0-9a-f])/;

  test.each(['cilium', 'calico'] as const)('keep every verdict, in %s', async (by) => {
    const sample = sampleOf(by);
    const without = ({ edges, ...rest }: ReturnType<typeof told>) => ({
      ...rest,
      // What nothing owns is known by another name.
      edges: edges.map((edge) => ({ ...edge, from: '' })),
    });
    expect(without(told(await readBack(withPseudonyms(sample))))).toEqual(without(told(sample)));
  });

  test('leave no name of a pod or node, wherever it stood', () => {
    expect([...sampleLines(sampleOf('cilium'))].join('')).toMatch(named);
    for (const line of sampleLines(withPseudonyms(sampleOf('cilium'))))
      expect(line).not.toMatch(named);
  });

  test('keep what holds for the endpoints of a node', async () => {
    const endpoint: Manifest = {
      apiVersion: 'projectcalico.org/v3',
      kind: 'HostEndpoint',
      metadata: { name: 'eth0', labels: { host: 'yes' } },
      spec: { node: 'node-1', interfaceName: '*', expectedIPs: ['172.18.0.3'] },
    };
    const change: Manifest = {
      apiVersion: 'projectcalico.org/v3',
      kind: 'GlobalNetworkPolicy',
      metadata: { name: 'hosts' },
      spec: { selector: "host == 'yes'", types: ['Egress'], egress: [] },
    };
    const sample = sampleOf('calico', [...OBJECTS, endpoint]);
    const hosts = (each: Sample) =>
      told(each, [change]).edges.map(({ outcome, from, port }) => [outcome, from, port]);
    expect(hosts(sample)).toContainEqual(['newly-denied', 'nodes', '82/tcp']);
    expect(hosts(await readBack(withPseudonyms(sample)))).toEqual(hosts(sample));
  });
});
