import { z } from 'zod';
import type { Flow } from '../../core/flow.ts';
import { formatTime, nanos, parseTime } from '../../core/time.ts';
import type { ConnectionRow } from '../../store/connections.ts';

/**
 * One line of a sample (docs/audit.md): the first says what it is, each other one holds an object or a connection. Of
 * a flow only what policies are weighed by is kept.
 */
export const SAMPLE_FORMAT = 'dropwise-sample/1';

const END = z.object({
  kind: z.enum(['workload', 'host', 'networkSet', 'network', 'unknown']),
  cluster: z.string(),
  namespace: z.string(),
  pod: z.string(),
  workload: z.string(),
  workloadKind: z.string(),
  name: z.string(),
  identity: z.number(),
  labels: z.array(z.string()),
});

const VERDICT = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('allowed') }),
  z.object({ kind: z.literal('dropped'), reason: z.string() }),
  z.object({ kind: z.literal('audit') }),
  z.object({ kind: z.literal('error') }),
  z.object({ kind: z.literal('unknown'), wire: z.string() }),
]);

const FLOW = z.object({
  seq: z.number(),
  node: z.string(),
  event: z.enum([
    ...['policy-verdict', 'drop', 'trace', 'l7', 'socket', 'capture', 'flow-log', 'unknown'],
  ] as const),
  direction: z.enum(['ingress', 'egress', 'unknown']),
  reply: z.enum(['yes', 'no', 'unknown']),
  source: END,
  destination: END,
  sourceIp: z.string(),
  destinationIp: z.string(),
  sourcePort: z.number(),
  destinationPort: z.number(),
  protocol: z.string(),
  sourceNames: z.array(z.string()),
  destinationNames: z.array(z.string()),
  verdict: VERDICT,
});

const TIME = z.string().transform((text, context) => {
  const at = parseTime(text);
  if (at !== undefined) return at;
  context.addIssue({ code: 'custom', message: `'${text}' is no time` });
  return z.NEVER;
});

const HEAD = z.object({
  format: z.literal(SAMPLE_FORMAT),
  window: z.object({ from: TIME, to: TIME }),
  clusters: z.array(
    z.object({
      cluster: z.string(),
      dataplane: z.enum(['kubernetes', 'cilium', 'calico', 'azure-npm']),
    }),
  ),
  /** Events in no connection of the sample, since there were too many to tell apart. */
  untold: z.number(),
});

const CONNECTION = z.object({
  flow: FLOW,
  records: z.number(),
  events: z.number(),
  firstAt: TIME,
  lastAt: TIME,
  seenIn: z.array(z.number()),
  eventsIn: z.array(z.number()),
});

/** Any line after the first; objects are read as manifests are. */
export const SAMPLE_LINE = z.union([
  z.object({ connection: CONNECTION }),
  z.object({ cluster: z.string(), object: z.looseObject({}) }),
]);
export const SAMPLE_HEAD = HEAD;
export type SampleHead = z.infer<typeof HEAD>;

/** The line of a row, with the fields in the order in which they are listed here. */
export function connectionLine({ flow, firstAt, lastAt, ...row }: ConnectionRow): string {
  return JSON.stringify({
    connection: {
      flow: FLOW.parse(flow),
      ...row,
      firstAt: formatTime(firstAt),
      lastAt: formatTime(lastAt),
    },
  });
}

const NOTHING = {
  origin: 'sample',
  timeFrom: 'record',
  window: undefined,
  reporter: 'unknown',
  sourceService: '',
  destinationService: '',
  l7: undefined,
  wireVerdict: '',
  hits: [],
  pair: '',
} as const;

/** A row as a sample has it; what it does not keep of the flow is empty. */
export function rowOf({
  flow,
  firstAt,
  lastAt,
  ...row
}: z.infer<typeof CONNECTION>): ConnectionRow {
  const counts: Flow['counts'] = {
    events: row.events,
    ...{ connections: -1, packetsForward: -1, packetsReverse: -1 },
    ...{ bytesForward: -1, bytesReverse: -1 },
  };
  const id = flow.seq.toString(16).padStart(32, '0') as Flow['id'];
  const times = { observedAt: nanos(lastAt), receivedAt: nanos(lastAt) };
  return {
    ...{ ...row, firstAt: nanos(firstAt), lastAt: nanos(lastAt) },
    flow: { ...NOTHING, ...flow, ...times, id, counts },
  };
}
