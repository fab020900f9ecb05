import { AppError } from '../core/errors.ts';
import { openFlowFiles } from '../operations/audit/flow-files.ts';
import { readRecorded } from '../operations/audit/recorded.ts';
import { isSample, readSample, type Sample } from '../operations/audit/sample-file.ts';
import { wholeSpan } from '../operations/whole-span.ts';
import type { Dataplane } from '../policy/facts.ts';

/** A sample, or files of flows, which hold no objects. */
export async function openRecorded(
  flows: readonly string[],
  dataplane: Dataplane | undefined,
): Promise<Sample> {
  const [only = '', ...others] = flows;
  if (await isSample(only)) {
    if (others.length > 0)
      throw new AppError('bad-request', `${only} is a sample; --flows takes one sample alone`);
    const sample = await readSample(only);
    if (dataplane === undefined) return sample;
    const { recorded, objects } = sample;
    const clusters = recorded.clusters.map((cluster) => ({ ...cluster, dataplane }));
    return { recorded: { ...recorded, clusters }, objects };
  }
  const { signal } = new AbortController();
  await using files = await openFlowFiles(flows, { signal });
  const { store } = files;
  const within = await wholeSpan(store);
  return {
    recorded: await readRecorded(store, { within, where: undefined, dataplane }),
    objects: [],
  };
}
