import { z } from 'zod';

/** The format of case files that we read: policies, a small cluster, connections, expected answers. */
const CASE_FORMAT = 'netpol-conformance/1';

const text = z.string();
const texts = z.array(text).readonly();
const labels = z.record(text, text).readonly();
const count = z.int().min(0).max(65_535);
const named = { namespace: text, name: text, labels: labels.optional() };

const containerPort = z.object({
  name: text.optional(),
  port: count.nullish(),
  protocol: text.default('TCP'),
});

const pod = z.object({
  ...named,
  // A record may name a workload only.
  name: text.default(''),
  ips: texts.default([]),
  ports: z.array(containerPort).readonly().nullish(),
  node: text.optional(),
  hostNetwork: z.boolean().optional(),
  serviceAccount: text.optional(),
});

const cluster = z.object({
  namespaces: z.array(z.object({ name: text, labels: labels.optional() })).optional(),
  pods: z.array(pod).optional(),
  nodes: z
    .array(z.object({ name: text, labels: labels.optional(), ips: texts.default([]) }))
    .optional(),
  services: z
    .array(
      z.object({
        ...named,
        clusterIPs: texts.default([]),
        selector: labels.nullish(),
        endpoints: texts.optional(),
        ports: z
          .array(
            z.object({
              port: count,
              targetPort: z.union([count, text]).optional(),
              protocol: text.default('TCP'),
            }),
          )
          .nullish()
          .transform((ports) => ports ?? []),
      }),
    )
    .optional(),
  serviceAccounts: z.array(z.object(named)).optional(),
  dns: z.array(z.object({ name: text, ips: texts })).optional(),
  apiServerIPs: texts.optional(),
});

const end = z.union([
  text,
  z.object({ ip: text, dns: texts.optional(), unresolved: z.boolean().optional() }),
  z.object({ node: text }),
  // A pod that only the record knows; what the record lacks is not known.
  z.object({ pod }),
]);

const verdict = z.enum(['allow', 'deny', 'undetermined']);

const direction = z
  .object({
    verdict,
    reason: text,
    selectedBy: texts.default([]),
    decidedBy: texts.default([]),
    rules: texts.default([]),
  })
  .nullish();

const probe = z.object({
  id: z.union([z.int(), text]),
  src: end,
  dst: end,
  port: count.nullish(),
  // Empty where the record lacks it.
  protocol: text.default(''),
  icmpType: z.int().nullish(),
  icmpCode: z.int().nullish(),
  ipFamily: z.union([z.literal(4), z.literal(6)]).optional(),
  sourcePort: count.nullish(),
  reply: z.boolean().nullish(),
  http: z
    .object({
      method: text.optional(),
      path: text.optional(),
      host: text.optional(),
      headers: z.record(text, text).optional(),
    })
    .optional(),
  dns: z.object({ query: text }).optional(),
  kafka: z
    .object({
      apiKey: text.default(''),
      topic: text.default(''),
      clientID: text.default(''),
    })
    .optional(),
  sni: text.optional(),
  expect: verdict,
  directions: z.object({ egress: direction, ingress: direction }).optional(),
  trace: z.record(text, z.unknown()).optional(),
});

const settings = z.object({
  policyEnforcementMode: z.enum(['default', 'always', 'never']).optional(),
  policyCIDRMatchMode: texts.optional(),
  hostFirewall: z.boolean().optional(),
  nodeSelectorLabels: z.boolean().optional(),
  clusterNetworkPolicy: z.boolean().optional(),
  clusterName: text.optional(),
});

const policyCase = z.object({
  id: text,
  title: text.default(''),
  dataplane: z.enum(['kubernetes', 'cilium', 'calico', 'azure-npm']),
  settings: settings.optional(),
  cluster: text,
  policies: text.default(''),
  probes: z.array(probe),
});

const caseFile = z.object({
  format: z.literal(CASE_FORMAT),
  suite: text.default(''),
  clusters: z.record(text, cluster),
  cases: z.array(policyCase),
});

export type CaseCluster = z.infer<typeof cluster>;
export type CasePod = z.infer<typeof pod>;
export type CaseEnd = z.infer<typeof end>;
export type CaseSettings = z.infer<typeof settings>;
export type Probe = z.infer<typeof probe>;
export type ExpectedDirection = z.infer<typeof direction>;
export type PolicyCase = z.infer<typeof policyCase>;
export type CaseFile = z.infer<typeof caseFile>;

export type ReadCaseFile =
  { readonly ok: true; readonly file: CaseFile } | { readonly ok: false; readonly why: string };

/** Null says something of these only; of all others that they are not there. */
const NULLABLE: ReadonlySet<string> = new Set(['ports', 'reply']);

const withoutNull = (key: string, value: unknown): unknown =>
  value === null && !NULLABLE.has(key) ? undefined : value;

/** Reads the text of a case file; refuses any other format with what is wrong and where. */
export function readCaseFile(text: string): ReadCaseFile {
  let json: unknown;
  try {
    json = JSON.parse(text, withoutNull);
  } catch (error) {
    return { ok: false, why: `is no JSON: ${error instanceof Error ? error.message : 'unread'}` };
  }
  const read = caseFile.safeParse(json);
  if (!read.success) return { ok: false, why: firstIssue(read.error) };
  const unknown = read.data.cases.find((each) => !Object.hasOwn(read.data.clusters, each.cluster));
  return unknown === undefined
    ? { ok: true, file: read.data }
    : {
        ok: false,
        why: `case ${unknown.id} is in the cluster ${unknown.cluster}, which is not there`,
      };
}

function firstIssue({ issues }: z.ZodError): string {
  const [issue] = issues;
  if (issue === undefined) return 'is no case file';
  const where = issue.path.map(String).join('.');
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  return where === 'format'
    ? `has another format; ${CASE_FORMAT} is read`
    : `${where === '' ? 'the whole' : where}: ${issue.message}${more}`;
}
