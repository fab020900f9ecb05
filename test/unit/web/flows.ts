import type { CompletenessJson, EndJson, FlowJson } from '../../../server/http/contract.ts';

const END: EndJson = {
  kind: 'workload',
  cluster: 'c1',
  namespace: 'shop',
  pod: 'web-1',
  workload: 'web',
  workloadKind: 'Deployment',
  name: '',
  identity: 1,
  labels: [],
  ip: '10.0.0.1',
  port: -1,
  names: [],
  service: '',
};

/** A range in which all was watched and nothing lost. */
export const COMPLETE: CompletenessJson = {
  verdict: 'complete',
  watched: 1,
  lost: '0',
  gaps: 0,
  rejected: 0,
  aggregated: false,
  removedBefore: null,
  sources: [],
};

/** A flow as the page gets it. */
export function flowJson(seq: number, change: Partial<FlowJson> = {}): FlowJson {
  return {
    id: seq.toString(16).padStart(32, '0'),
    seq,
    observedAt: '2026-05-03T10:00:00.000000001Z',
    receivedAt: '2026-05-03T10:00:00.100000000Z',
    timeFrom: 'record',
    window: null,
    origin: 'relay-1',
    node: 'node-1',
    event: 'trace',
    reporter: 'source',
    direction: 'egress',
    reply: 'no',
    verdict: 'allowed',
    wireVerdict: 'FORWARDED',
    reason: null,
    source: END,
    destination: { ...END, workload: 'redis', pod: 'redis-0', ip: '10.0.0.2', port: 6379 },
    protocol: 'tcp',
    l7: null,
    hits: [],
    counts: {
      events: 1,
      connections: -1,
      packetsForward: -1,
      packetsReverse: -1,
      bytesForward: -1,
      bytesReverse: -1,
    },
    ...change,
  };
}

export function endJson(change: Partial<EndJson>): EndJson {
  return { ...END, ...change };
}

export function dropJson(seq: number, change: Partial<FlowJson> = {}): FlowJson {
  return flowJson(seq, {
    verdict: 'dropped',
    wireVerdict: 'DROPPED',
    reason: {
      code: 'POLICY_DENIED',
      number: 133,
      category: 'policy',
      words: 'no policy allows it',
    },
    ...change,
  });
}
