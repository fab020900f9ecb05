import type { Endpoint, Flow, FlowBatch, FlowId, StoredFlow } from '../../server/core/flow.ts';
import { nanos } from '../../server/core/time.ts';
import { ALLOWED } from '../../server/core/verdict.ts';

const END: Endpoint = {
  kind: 'workload',
  cluster: '',
  namespace: 'shop',
  pod: 'web-0',
  workload: 'web',
  workloadKind: 'Deployment',
  name: '',
  identity: 1_000,
  labels: ['k8s:app=web'],
};

let made = 0;

/** A flow that differs from a plain one only in what the test is about; each has an id of its own. */
export function aFlow(differences: Partial<Flow> = {}): Flow {
  made += 1;
  return {
    id: made.toString(16).padStart(32, '0') as FlowId,
    origin: 'test',
    observedAt: nanos(1_770_000_000_000_000_000n + BigInt(made)),
    timeFrom: 'record',
    receivedAt: nanos(1_770_000_000_100_000_000n + BigInt(made)),
    window: undefined,
    node: 'east/node-1',
    event: 'trace',
    reporter: 'source',
    direction: 'egress',
    reply: 'no',
    pair: '',
    source: END,
    destination: { ...END, pod: 'db-0', workload: 'db', labels: ['k8s:app=db'] },
    sourceIp: '10.0.0.1',
    destinationIp: '10.0.0.2',
    sourcePort: 40_000,
    destinationPort: 5_432,
    protocol: 'tcp',
    sourceNames: [],
    destinationNames: [],
    sourceService: '',
    destinationService: '',
    l7: undefined,
    verdict: ALLOWED,
    wireVerdict: 'FORWARDED',
    hits: [],
    counts: {
      events: 1,
      connections: -1,
      packetsForward: -1,
      packetsReverse: -1,
      bytesForward: -1,
      bytesReverse: -1,
    },
    raw: { format: 'hubble-json', bytes: new TextEncoder().encode('{"flow":{}}') },
    ...differences,
  };
}

export const aDrop = (differences: Partial<Flow> = {}): Flow =>
  aFlow({
    verdict: { kind: 'dropped', reason: 'POLICY_DENIED' },
    wireVerdict: 'DROPPED',
    event: 'drop',
    ...differences,
  });

/** The flow as pages show it: without its record. */
export function stored(flow: Flow, seq: number): StoredFlow {
  const fields = Object.entries({ ...flow, seq }).filter(([name]) => name !== 'raw');
  return Object.fromEntries(fields) as StoredFlow;
}

export const batchOf = (
  flows: readonly Flow[],
  differences: Partial<FlowBatch> = {},
): FlowBatch => ({
  origin: 'test',
  flows,
  gaps: [],
  rejected: [],
  checkpoint: undefined,
  mayRepeat: false,
  ...differences,
});
