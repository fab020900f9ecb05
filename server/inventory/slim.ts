import { isRecord, type Manifest, type ManifestMetadata } from '../core/manifest.ts';

/** They change with every write, also those that change nothing. */
const OF_THE_SERVER: ReadonlySet<string> = new Set([
  'managedFields',
  'resourceVersion',
  'selfLink',
]);

type Fields = Readonly<Record<string, unknown>>;

/** What tools write into annotations to know their own last word: a whole second copy of the object. */
const COPY_OF_OBJECT = /(?:last-applied(?:-configuration)?|^objectset\.rio\.cattle\.io\/applied)$/;

/** Annotations by which a dataplane knows a pod or a node. All others of these belong to somebody else. */
const OF_DATAPLANE = /^(?:[\w.-]+\.)?(?:cilium\.io|projectcalico\.org)\//;

/** Kinds that no policy is, and that controllers write their notes on. */
const NOTED_BY_OTHERS: ReadonlySet<string> = new Set([
  'Pod',
  'Node',
  'EndpointSlice',
  'CronJob',
  'Job',
  'HorizontalPodAutoscaler',
]);

/**
 * A manifest without what no policy depends on: copies of itself, who manages which field, its status, and of pods and
 * nodes everything that may hold a secret or changes with each heartbeat. Fields of policies that we do not know stay.
 */
export function slim(manifest: Manifest): Manifest {
  const { status, metadata, ...rest } = manifest;
  const kept: Manifest = { ...rest, metadata: slimMetadata(metadata, manifest.kind) };
  switch (manifest.kind) {
    case 'Pod':
      return { ...kept, spec: podSpec(rest['spec']), status: podStatus(status) };
    case 'Node':
      return {
        ...kept,
        spec: pick(rest['spec'], ['podCIDR', 'podCIDRs', 'providerID']),
        status: pick(status, ['addresses']),
      };
    case 'Service':
      // The address that a load balancer was given is where clients from outside go.
      return { ...kept, status: pick(status, ['loadBalancer']) };
    case 'CronJob':
      return { ...kept, spec: cronJobSpec(rest['spec']) };
    case 'Job':
      return { ...kept, spec: jobSpec(rest['spec']) };
    case 'HorizontalPodAutoscaler':
      return {
        ...kept,
        spec: pick(rest['spec'], ['scaleTargetRef', 'minReplicas', 'maxReplicas']),
      };
    case 'ServiceAccount':
      return { apiVersion: kept.apiVersion, kind: kept.kind, metadata: kept.metadata };
    default:
      return kept;
  }
}

function slimMetadata(metadata: ManifestMetadata, kind: string): ManifestMetadata {
  const { annotations, ...rest } = metadata;
  const fields = Object.entries(rest).filter(([field]) => !OF_THE_SERVER.has(field));
  const kept = { ...Object.fromEntries(fields), name: metadata.name };
  const left = Object.entries(annotations ?? {}).filter(([name]) => keepsAnnotation(name, kind));
  return left.length === 0 ? kept : { ...kept, annotations: Object.fromEntries(left) };
}

function keepsAnnotation(name: string, kind: string): boolean {
  if (COPY_OF_OBJECT.test(name)) return false;
  // Others put tokens, checksums and times of their last look there.
  return !NOTED_BY_OTHERS.has(kind) || OF_DATAPLANE.test(name);
}

/** No environment, arguments or volumes: they may hold secrets, and no policy reads them. */
function podSpec(spec: unknown): Fields {
  const containers = (field: string): Fields => {
    const list = isRecord(spec) ? spec[field] : undefined;
    if (!Array.isArray(list)) return {};
    return { [field]: list.map((each) => pick(each, ['name', 'image', 'ports', 'restartPolicy'])) };
  };
  return {
    ...pick(spec, ['nodeName', 'hostNetwork', 'serviceAccountName', 'hostname', 'subdomain']),
    ...containers('initContainers'),
    ...containers('containers'),
  };
}

const SCHEDULE = ['schedule', 'timeZone', 'suspend', 'concurrencyPolicy'];

/** When it runs, and what its pods will be as far as policies look. */
function cronJobSpec(spec: unknown): Fields {
  const job = isRecord(spec) && isRecord(spec['jobTemplate']) ? spec['jobTemplate']['spec'] : {};
  return { ...pick(spec, SCHEDULE), jobTemplate: { spec: jobSpec(job) } };
}

function jobSpec(spec: unknown): Fields {
  const template = isRecord(spec) && isRecord(spec['template']) ? spec['template'] : {};
  const labels = pick(template['metadata'], ['labels']);
  return {
    ...pick(spec, ['suspend']),
    template: { metadata: labels, spec: podSpec(template['spec']) },
  };
}

/** A pod that has ended holds its address no longer, whatever its status says. */
const podStatus = (status: unknown): Fields =>
  pick(status, ['phase', 'podIP', 'podIPs', 'hostIP', 'hostIPs']);

function pick(value: unknown, fields: readonly string[]): Fields {
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    fields.flatMap((field) => (value[field] === undefined ? [] : [[field, value[field]]])),
  );
}
