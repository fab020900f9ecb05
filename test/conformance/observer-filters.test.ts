import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../server/lib/clock.ts';
import { flowMessage } from '../../server/observer/flow-message.ts';
import { compileFilters } from '../../server/observer/filter/flow-filter.ts';
import { narrow } from '../../server/observer/filter/narrow.ts';
import { importFile } from '../../server/operations/import-files.ts';
import { compileQuery } from '../../server/query/compile.ts';
import { matches } from '../../server/query/match.ts';
import { createHubbleDecoder, type HubbleRecord } from '../../server/sources/decode/hubble.ts';
import { getFlowsResponse } from '../../server/sources/hubble-proto.ts';
import { hubbleJson } from '../../server/sources/decode/hubble-json.ts';
import type { JsonObject, JsonValue } from '../../server/sources/json-value.ts';
import type { RecordedFlow } from '../../server/core/flow.ts';
import { nanos } from '../../server/core/time.ts';
import { batchOf } from '../support/flow.ts';
import { flowsOf } from '../support/observer-client.ts';
import { openTestObserver, type TestObserver } from '../support/open-observer.ts';
import { sampleLines, sampleNames, samplePath } from '../support/samples.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

type Case = {
  readonly args: readonly string[];
  readonly whitelist: readonly JsonObject[];
  readonly blacklist: readonly JsonObject[];
  readonly matches: readonly string[];
};

const CASES = sampleLines('hubble/filters.jsonl').map((line) => JSON.parse(line) as Case);

/** Real files with envelope: those that the cases were judged over. */
const DERIVED = /synthetic|exporter-events|wire-vectors|filters|legacy-bare-flow|README/;
const FILES = sampleNames('hubble')
  .filter((name) => !DERIVED.test(name))
  .sort();

const LOST = 'lost-events.jsonl:1';

type Sample = { readonly name: string; readonly record: JsonObject };

/** Each record with its `file:line` in place of its uuid, which no case asks for: records repeat across files. */
const SAMPLES: readonly Sample[] = FILES.flatMap((file) =>
  sampleLines(file).map((line, index) => {
    const name = `${file.slice('hubble/'.length)}:${index + 1}`;
    const record = JSON.parse(line) as JsonObject & { readonly flow: JsonObject };
    if (name === LOST) return { name, record };
    return { name, record: { ...record, flow: { ...record.flow, uuid: name } } };
  }),
);

const nameOf = ({ uuid }: JsonObject): string => (typeof uuid === 'string' ? uuid : '');

/** As lines of files, by the import. */
async function importSamples({ store }: TestObserver): Promise<void> {
  await using directory = await temporaryDirectory();
  const file = `${directory.path}/samples.jsonl`;
  writeFileSync(file, SAMPLES.map(({ record }) => `${JSON.stringify(record)}\n`).join(''));
  await importFile(store, {
    file,
    clock: systemClock(),
    progress: () => undefined,
    signal: new AbortController().signal,
  });
}

/** As messages of a relay. */
async function streamSamples({ store }: TestObserver): Promise<void> {
  const decode = createHubbleDecoder({ origin: 'relay' });
  const told = SAMPLES.map(({ record }): HubbleRecord => {
    const bytes = getFlowsResponse.encode(record);
    const read = hubbleJson(bytes);
    const raw = { format: 'hubble-protobuf', bytes } as const;
    return decode({ record: read.ok ? read.record : {}, raw, receivedAt: nanos(1n) });
  });
  const flows = told.flatMap((one) => (one.ok && one.kind === 'flow' ? [one.flow] : []));
  const gaps = told.flatMap((one) => (one.ok && one.kind === 'gap' ? [one.gap] : []));
  await store.append(batchOf(flows, { gaps }));
}

describe.each([
  { form: 'lines of files', fill: importSamples },
  { form: 'messages of a relay', fill: streamSamples },
])('the filters of Hubble over $form', ({ fill }) => {
  let observer: TestObserver;

  beforeAll(async () => {
    observer = await openTestObserver();
    await fill(observer);
  });
  afterAll(() => observer[Symbol.asyncDispose]());

  test('all records are there', async () => {
    const flows = await observer.client.flows({});
    expect(flows.map(nameOf)).toEqual(
      SAMPLES.map(({ name }) => name).filter((name) => name !== LOST),
    );
    expect(CASES).toHaveLength(82);
  });

  test.each(CASES)(
    '$args selects the very records that the real code selects',
    async ({ whitelist, blacklist, matches: expected }) => {
      const reading = observer.client.read({ whitelist, blacklist });
      await reading.ended;
      const lost = reading.messages.filter(({ lost_events }) => lost_events !== undefined);
      // A server lets lost events pass whatever the filter; the tool that judged the cases filters them too.
      expect(lost).toHaveLength(1);
      const wanted = expected.filter((name) => name !== LOST);
      expect(flowsOf(reading.messages).map(nameOf).toSorted()).toEqual(wanted.toSorted());
    },
  );
});

/** Every sample flow as it is stored, of all forms: Hubble of files and relays, bare and masked, and Calico. */
async function storedSamples(): Promise<readonly RecordedFlow[]> {
  await using observer = await openTestObserver();
  await streamSamples(observer);
  const others = [...sampleNames('hubble'), ...sampleNames('calico')];
  for (const name of others.filter((file) => /\.(jsonl|log)$/.test(file))) {
    await importFile(observer.store, {
      file: samplePath(name),
      clock: systemClock(),
      progress: () => undefined,
      signal: new AbortController().signal,
    });
  }
  const page = await observer.store.records(
    { where: undefined },
    { limit: 5_000, order: 'oldest' },
  );
  return page.flows;
}

/** What the flows say under each field of a filter, so that random filters find some of them. */
function wordsOf(flows: readonly JsonObject[]): Readonly<Record<string, readonly JsonValue[]>> {
  const at = (path: string): readonly JsonValue[] => [
    ...new Set(
      flows.flatMap((flow) => {
        let value: unknown = flow;
        for (const key of path.split('.')) value = (value as JsonObject | undefined)?.[key];
        return Array.isArray(value)
          ? (value as JsonValue[])
          : value === undefined
            ? []
            : [value as JsonValue];
      }),
    ),
  ];
  const texts = (path: string): readonly string[] => at(path).map(String);
  const cut = (text: string): string => text.slice(0, Math.ceil(text.length * 0.7));
  const both = (path: string, make: (side: string) => readonly JsonValue[]) => ({
    [`source_${path}`]: make('source'),
    [`destination_${path}`]: make('destination'),
  });
  return {
    ...both('ip', (side) => [...texts(`IP.${side}`), '10.0.0.0/8', '0.0.0.0/0', '::/0']),
    ...both('pod', (side) => [
      ...texts(`${side}.pod_name`).flatMap((pod) => [`/${pod}`, `/${cut(pod)}`, cut(pod)]),
      ...texts(`${side}.namespace`).map((ns) => `${ns}/`),
      'shop/web-',
      'kube-system/core',
    ]),
    ...both('service', (side) => [
      ...texts(`${side}_service.name`).map((name) => `/${cut(name)}`),
      ...texts(`${side}_service.namespace`).map((ns) => `${ns}/`),
    ]),
    ...both('fqdn', (side) => [...texts(`${side}_names`), '*', '*.local', 'a*.*']),
    ...both('label', (side) => [
      ...texts(`${side}.labels`).filter((label) => /^[\w:./=-]+$/.test(label)),
      ...[
        '!app',
        'app',
        'app in (web, api)',
        'k8s-app!=x',
        'reserved:world',
        'world',
        'any:app=web',
      ],
    ]),
    ...both('port', (side) =>
      [...at(`l4.TCP.${side}_port`), ...at(`l4.UDP.${side}_port`), 0].map(String),
    ),
    ...both('identity', (side) => [...at(`${side}.identity`), 0, 1, 2]),
    ...both('workload', (side) => [...at(`${side}.workloads`)]),
    ...both('cluster_name', (side) => [...texts(`${side}.cluster_name`)]),
    verdict: [
      'FORWARDED',
      'DROPPED',
      'AUDIT',
      'REDIRECTED',
      'ERROR',
      'TRACED',
      'VERDICT_UNKNOWN',
      15,
    ],
    event_type: [
      {},
      ...[1, 2, 3, 4, 5, 7, 129].map((type) => ({ type })),
      { type: 4, match_sub_type: true },
    ],
    drop_reason_desc: ['POLICY_DENIED', 'POLICY_DENY', 'AUTH_REQUIRED', 'DROP_REASON_UNKNOWN', 250],
    traffic_direction: ['INGRESS', 'EGRESS', 'TRAFFIC_DIRECTION_UNKNOWN'],
    protocol: ['tcp', 'udp', 'icmp', 'icmpv4', 'icmpv6', 'sctp', 'dns', 'http', 'kafka', 'vrrp'],
    reply: [true, false],
    ip_version: ['IPv4', 'IPv6', 'IP_NOT_USED'],
    encrypted: [true, false],
    node_name: [...texts('node_name'), '*', 'default/', 'def*/', 'kind-*', 'poc1/', 'cluster-a/*'],
    tcp_flags: [{ SYN: true }, { SYN: true, ACK: true }, {}],
    uuid: texts('uuid').slice(0, 5),
    http_status_code: ['200', '404', '5+', '20+'],
    http_method: ['GET', 'get', 'POST'],
    http_path: ['/', '^/api', 'x'],
    http_url: ['http', 'orders', '/$'],
    dns_query: ['.*', 'svc', '^api', '\\.$'],
    node_labels: ['!a', 'kubernetes.io/hostname'],
  };
}

describe('what a filter asks of the store', () => {
  test('loses no flow that the filter selects, whatever the filter and the record', async () => {
    const stored = await storedSamples();
    const told = stored.map((flow) => ({ flow, message: flowMessage(flow) }));
    expect(stored.filter(({ event }) => event === 'flow-log').length).toBeGreaterThan(20);
    const words = wordsOf(told.map(({ message }) => message.flow()));
    const anyFilter = fc
      .uniqueArray(fc.constantFrom(...Object.keys(words)), { minLength: 1, maxLength: 3 })
      .chain((fields) =>
        fc.record(
          Object.fromEntries(
            fields.map((field) => [
              field,
              fc.array(fc.constantFrom(...(words[field]?.length ? words[field] : ['x'])), {
                minLength: 1,
                maxLength: 3,
              }),
            ]),
          ),
        ),
      )
      // A filter of HTTP with other events only is refused.
      .map((filter) =>
        Object.keys(filter).some((field) => field.startsWith('http'))
          ? Object.fromEntries(Object.entries(filter).filter(([field]) => field !== 'event_type'))
          : filter,
      ) as fc.Arbitrary<JsonObject>;
    let selected = 0;
    let narrowed = 0;
    fc.assert(
      fc.property(fc.array(anyFilter, { minLength: 1, maxLength: 2 }), (whitelist) => {
        const selects = compileFilters({ whitelist, blacklist: [] });
        const where = narrow({ whitelist });
        const mayMatch = matches(compileQuery(where));
        const wide = told.filter(
          ({ message }) => selects?.({ flow: message.flow(), node: message.node() }) ?? true,
        );
        selected += wide.length;
        if (where !== undefined) narrowed += 1;
        expect(
          wide.filter(({ flow }) => !mayMatch(flow)).map(({ flow }) => flow.raw.bytes),
        ).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
    expect(selected).toBeGreaterThan(10_000);
    expect(narrowed).toBeGreaterThan(1_000);
  });
});
