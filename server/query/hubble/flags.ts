import { NEAR_CLUSTER, NEAR_WORKLOAD } from './names.ts';

/** What a flag of `hubble observe` does to the request. */
type FlagEffect =
  /** Fills the fields of one end or of either: `source_pod`, `destination_pod`. */
  | {
      readonly kind: 'end';
      readonly end: FlagEnd;
      /** The field without its end. */
      readonly field: string;
    }
  /** Completes names of pods and services, or stands for all pods of the namespace. */
  | { readonly kind: 'namespace'; readonly end: FlagEnd; readonly all: boolean }
  | { readonly kind: 'flow'; readonly field: string }
  | { readonly kind: 'json'; readonly list: 'whitelist' | 'blacklist' }
  | { readonly kind: 'not' }
  | { readonly kind: 'time' }
  /** Says how to connect or what to print, never which flows. */
  | { readonly kind: 'presentation' };

export type FlagEnd = 'source' | 'destination' | 'either';

export type Flag = {
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  /** What stands after it; absent: nothing does. */
  readonly value?: string;
  readonly effect: FlagEffect;
  /** What it becomes, as an example of our language; absent where it becomes nothing. */
  readonly query?: string;
  /** Where it cannot be said and why, or what is particular. */
  readonly note?: string;
};

const BOTH = 'of two such flags each is asked of the same end';

type EndRow = {
  readonly name: string;
  readonly short?: string;
  readonly field?: string;
  readonly value: string;
  readonly query?: string;
  readonly note?: string;
};

/** Three flags a row: `--pod`, `--from-pod` and `--to-pod`. */
const END_ROWS: readonly EndRow[] = [
  {
    name: 'pod',
    value: '[NS/]PREFIX',
    query: 'ns:shop pod:web*',
    note: 'without NS the namespace is default; a prefix, as in Hubble',
  },
  { name: 'service', value: '[NS/]PREFIX', query: 'svc:shop/web*', note: 'as --pod' },
  { name: 'ip', value: 'ADDRESS or CIDR', query: 'ip:10.0.0.0/8' },
  { name: 'port', value: 'PORT', query: 'port:53', note: BOTH },
  {
    name: 'label',
    short: 'l',
    value: 'SELECTOR',
    query: 'app=web',
    note: 'a source before the key (k8s:app=web) cannot be said, but for reserved:world, reserved:world-ipv4 and reserved:world-ipv6',
  },
  { name: 'identity', value: 'NUMBER or NAME', query: 'identity:2', note: 'not 0' },
  { name: 'workload', value: '[KIND/]NAME', note: NEAR_WORKLOAD },
  {
    name: 'fqdn',
    value: 'PATTERN',
    query: 'fqdn:api.example.com',
    note: "with a * a regular expression, since Hubble's * takes no underscore",
  },
  { name: 'cluster', field: 'cluster_name', value: 'NAME', note: NEAR_CLUSTER },
];

const PREFIX = { either: '', source: 'from-', destination: 'to-' } as const;
const SIDE = { either: '', source: 'from.', destination: 'to.' } as const;
const ENDS: readonly FlagEnd[] = ['either', 'source', 'destination'];

const endFlags = ENDS.flatMap((end) =>
  END_ROWS.map((row): Flag => ({
    name: PREFIX[end] + row.name,
    ...(row.short !== undefined && end === 'either' ? { short: row.short } : {}),
    value: row.value,
    effect: { kind: 'end', end, field: row.field ?? row.name },
    ...(row.query === undefined
      ? {}
      : { query: row.query.replaceAll(/(^| )(?=\S)/g, `$1${SIDE[end]}`) }),
    ...(row.note === undefined ? {} : { note: row.note }),
  })),
);

const namespaceFlags = ENDS.flatMap((end): readonly Flag[] => [
  {
    name: `${PREFIX[end]}namespace`,
    ...(end === 'either' ? { short: 'n' } : {}),
    value: 'NS',
    effect: { kind: 'namespace', end, all: false },
    query: `${SIDE[end]}ns:shop`,
  },
  {
    name: `${PREFIX[end]}all-namespaces`,
    ...(end === 'either' ? { short: 'A' } : {}),
    effect: { kind: 'namespace', end, all: true },
    query: `${SIDE[end]}pod:web*`,
    note: 'beside --pod or --service: without a namespace; alone it asks for nothing',
  },
]);

const flow = (
  name: string,
  field: string,
  value: string | undefined,
  rest: Pick<Flag, 'short' | 'query' | 'note'>,
): Flag => ({
  name,
  ...(value === undefined ? {} : { value }),
  effect: { kind: 'flow', field },
  ...rest,
});

const RECORD = 'only in the record, no field of a query';

const flowFlags: readonly Flag[] = [
  flow('verdict', 'verdict', 'VERDICT', {
    query: 'verdict:dropped',
    note: 'FORWARDED or REDIRECTED alone as raw.verdict:, both as verdict:forwarded',
  }),
  flow('drop-reason-desc', 'drop_reason_desc', 'REASON', { query: 'reason:POLICY_DENIED' }),
  flow('type', 'event_type', 'TYPE[:SUB]', {
    short: 't',
    query: 'event:drop',
    note: 'a sub type only of drop (its reason)',
  }),
  flow('protocol', 'protocol', 'PROTOCOL', {
    query: 'proto:tcp',
    note: 'icmp is proto:icmp,icmpv6; http only beside --http-method or --http-status, dns and kafka not: there is no field for L7 protocols',
  }),
  flow('tcp-flags', 'tcp_flags', 'FLAG,…', { note: RECORD }),
  flow('traffic-direction', 'traffic_direction', 'DIRECTION', { query: 'dir:ingress' }),
  flow('ip-version', 'ip_version', 'VERSION', { note: 'the IP version is not kept' }),
  flow('ipv4', 'ip_version', undefined, { short: '4', note: 'the IP version is not kept' }),
  flow('ipv6', 'ip_version', undefined, { short: '6', note: 'the IP version is not kept' }),
  flow('http-status', 'http_status_code', 'CODE', {
    query: 'l7.status:500..599',
    note: '5+ is 500..599',
  }),
  flow('http-method', 'http_method', 'METHOD', {
    query: 'l7.method:GET',
    note: 'the methods of RFC 9110 and PATCH; other words may be types of DNS',
  }),
  flow('http-path', 'http_path', 'REGEX', { note: 'l7.path holds the whole URL' }),
  flow('http-url', 'http_url', 'REGEX', {
    query: 'l7.method:GET l7.path:/orders/',
    note: 'only beside --http-method or --http-status, since l7.path also holds DNS names',
  }),
  flow('http-header', 'http_header', 'NAME:VALUE', { note: RECORD }),
  flow('trace-id', 'trace_id', 'ID', { note: RECORD }),
  flow('ip-trace-id', 'ip_trace_id', 'ID', { note: RECORD }),
  flow('uuid', 'uuid', 'UUID', { note: 'id: is the uuid of streamed flows, not of imported ones' }),
  flow('node-name', 'node_name', '[CLUSTER/]NODE', { query: 'node:east/node-1' }),
  flow('node-label', 'node_labels', 'SELECTOR', { note: RECORD }),
  flow('interface', 'interface', 'NAME', { note: RECORD }),
  flow('encrypted', 'encrypted', undefined, { note: RECORD }),
  flow('unencrypted', 'encrypted', undefined, { note: RECORD }),
  flow('snat-ip', 'source_ip_xlated', 'ADDRESS or CIDR', { note: RECORD }),
  flow('cel-expression', 'experimental', 'CEL', { note: 'a language of its own' }),
];

const time = (name: string, rest: Pick<Flag, 'short' | 'value' | 'note'>): Flag => ({
  name,
  effect: { kind: 'time' },
  ...rest,
});

const COUNT = 'a count is no part of a query or of a time; dropwise flows has --last';

const otherFlags: readonly Flag[] = [
  {
    name: 'not',
    effect: { kind: 'not' },
    query: '-port:53',
    note: 'several make one filter: --not A --not B leaves out what is both, -(A B)',
  },
  ...(['allowlist', 'denylist'] as const).map((name): Flag => ({
    name,
    value: 'JSON',
    effect: { kind: 'json', list: name === 'allowlist' ? 'whitelist' : 'blacklist' },
    query: name === 'allowlist' ? 'verdict:dropped OR event:l7' : '-(verdict:dropped event:l7)',
    note: 'each field as its flag; reply only as false beside verdict DROPPED, dns_query not',
  })),
  time('since', { value: 'TIME', note: 't=5m' }),
  time('until', { value: 'TIME', note: 't=now-1h..now-5m' }),
  time('follow', { short: 'f', note: 'ranges that end at now follow by themselves' }),
  time('all', { note: 't=all' }),
  time('last', { value: 'N', note: COUNT }),
  time('first', { value: 'N', note: COUNT }),
];

/** The flags of the reference, in the order of its table. */
export const FILTER_FLAGS: readonly Flag[] = [
  ...endFlags,
  ...namespaceFlags,
  ...flowFlags,
  ...otherFlags,
];

const WITH_VALUE =
  'o:output time-format color input-file field-mask server timeout request-timeout config tls-ca-cert-files tls-client-cert-file tls-client-key-file tls-server-name basic-auth-username basic-auth-password kubeconfig kube-context kube-namespace port-forward-port';
const ALONE =
  'print-node-name print-policy-names numeric ip-translation s:silent-errors print-raw-filters use-default-field-masks tls tls-allow-insecure P:port-forward auto-port-forward D:debug';

const presentation = (list: string, value: string | undefined): readonly Flag[] =>
  list.split(' ').map((text) => {
    const [name = '', short] = text.split(':').toReversed();
    return {
      name,
      ...(short === undefined ? {} : { short }),
      ...(value === undefined ? {} : { value }),
      effect: { kind: 'presentation' },
    };
  });

export const FLAGS: readonly Flag[] = [
  ...FILTER_FLAGS,
  ...presentation(WITH_VALUE, 'VALUE'),
  ...presentation(ALONE, undefined),
];
