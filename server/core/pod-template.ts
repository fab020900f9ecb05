import { isRecord, type Manifest } from './manifest.ts';

/**
 * One pod of what a workload would make, with the labels and the spec of its template, called by kind and name of the
 * workload; `undefined` for what has no template.
 */
export function podOfTemplate(manifest: Manifest): Manifest | undefined {
  const outer = isRecord(manifest['spec']) ? manifest['spec'] : {};
  const template = manifest.kind === 'CronJob' ? templateOfJob(outer) : outer['template'];
  if (!isRecord(template)) return undefined;
  const written = isRecord(template['metadata']) ? template['metadata'] : {};
  const { namespace, name } = manifest.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${manifest.kind} ${name}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels: labelsIn(written['labels']),
    },
    spec: template['spec'],
  };
}

function templateOfJob(spec: Readonly<Record<string, unknown>>): unknown {
  const job = isRecord(spec['jobTemplate']) ? spec['jobTemplate']['spec'] : undefined;
  return isRecord(job) ? job['template'] : undefined;
}

const labelsIn = (value: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(isRecord(value) ? value : {}).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
