import { readFileSync } from 'node:fs';
import type { Endpoint, Flow } from '../../server/core/flow.ts';
import { aFlow } from '../support/flow.ts';

type End = Partial<Endpoint>;

type FlowRow = Partial<Omit<Flow, 'source' | 'destination'>> &
  Pick<Flow, 'verdict'> & {
    /** Names among `ends`. */
    readonly source: string;
    readonly destination: string;
  };

/** One of both: the names of the flows that it finds, or of all the others, in the order of the flows. */
type QueryRow = { readonly q: string; readonly finds?: string; readonly misses?: string };

export type CorpusQuery = {
  /** What the query is a case of. */
  readonly about: string;
  readonly q: string;
  /** Names of the flows that docs/query.md says it finds, in the order of the flows. */
  readonly finds: readonly string[];
};

const read = (file: string): unknown =>
  JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'));

const { ends, flows } = read('query-flows.json') as {
  readonly ends: Readonly<Record<string, End>>;
  /** By name, in the order in which they are told. */
  readonly flows: Readonly<Record<string, FlowRow>>;
};

/** What a row leaves out, its flow does not have. */
const NOBODY: Endpoint = {
  kind: 'unknown',
  cluster: '',
  namespace: '',
  pod: '',
  workload: '',
  workloadKind: '',
  name: '',
  identity: 0,
  labels: [],
};

const NOTHING: Partial<Flow> = {
  node: '',
  event: 'unknown',
  reporter: 'unknown',
  direction: 'unknown',
  reply: 'unknown',
  sourceIp: '',
  destinationIp: '',
  sourcePort: -1,
  destinationPort: -1,
  protocol: '',
};

function endOf(name: string): Endpoint {
  const end = ends[name];
  if (end === undefined) throw new Error(`query-flows.json has no end '${name}'`);
  return { ...NOBODY, ...end };
}

export const CORPUS_FLOWS: readonly Flow[] = Object.values(flows).map((row) =>
  aFlow({ ...NOTHING, ...row, source: endOf(row.source), destination: endOf(row.destination) }),
);

const FLOW_NAMES: readonly string[] = Object.keys(flows);

const NAMES: ReadonlyMap<string, string> = new Map(
  FLOW_NAMES.map((name, at) => [CORPUS_FLOWS[at]?.id ?? '', name]),
);

/** Names of the flows with these ids. */
export const namesOf = (found: readonly { readonly id: string }[]): readonly string[] =>
  found.map(({ id }) => NAMES.get(id) ?? `unknown flow ${id}`);

const words = (text: string): readonly string[] => (text === '' ? [] : text.split(' '));

function findsOf({ q, finds, misses }: QueryRow): readonly string[] {
  const listed = new Set(words(finds ?? misses ?? ''));
  const typo = [...listed].find((name) => !FLOW_NAMES.includes(name));
  if (typo !== undefined) throw new Error(`queries.json: '${q}' names no flow '${typo}'`);
  return FLOW_NAMES.filter((name) => listed.has(name) === (finds !== undefined));
}

export const CORPUS_QUERIES: readonly CorpusQuery[] = Object.entries(
  read('queries.json') as Readonly<Record<string, readonly QueryRow[]>>,
).flatMap(([about, rows]) => rows.map((row) => ({ about, q: row.q, finds: findsOf(row) })));
