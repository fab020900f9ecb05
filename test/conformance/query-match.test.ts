import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Endpoint, Flow } from '../../server/core/flow.ts';
import { compileQuery } from '../../server/query/compile.ts';
import { matches } from '../../server/query/match.ts';
import { parseQuery } from '../../server/query/parse.ts';
import { aFlow } from '../support/flow.ts';

type FlowRow = Partial<Omit<Flow, 'source' | 'destination'>> & {
  readonly name: string;
  readonly source: Partial<Endpoint>;
  readonly destination: Partial<Endpoint>;
};

type Corpus = {
  /** What a row leaves out, its flow does not have. */
  readonly flows: readonly FlowRow[];
  /** Names of all the flows that the query finds, in their order. */
  readonly queries: readonly { readonly q: string; readonly finds: readonly string[] }[];
};

const corpus = JSON.parse(readFileSync(new URL('queries.json', import.meta.url), 'utf8')) as Corpus;

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

const flows = corpus.flows.map(({ name, source, destination, ...rest }) => ({
  name,
  flow: aFlow({
    sourceIp: '',
    destinationIp: '',
    sourcePort: -1,
    destinationPort: -1,
    protocol: '',
    ...rest,
    source: { ...NOBODY, ...source },
    destination: { ...NOBODY, ...destination },
  }),
}));

test.each(corpus.queries)('$q finds $finds', ({ q, finds }) => {
  const parsed = parseQuery(q);
  if (!parsed.ok) throw new Error(parsed.error.message);
  const isFound = matches(compileQuery(parsed.where));

  const found = flows.filter(({ flow }) => isFound(flow)).map(({ name }) => name);

  expect(found).toEqual(finds);
});
