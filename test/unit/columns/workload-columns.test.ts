import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseValue } from '../../../server/columns/block.ts';
import { COLUMNS } from '../../../server/columns/column-specs.ts';
import { endOf, workloadJson, workloadsOf } from '../../../server/columns/workload-columns.ts';
import { FIELDS } from '../../../server/core/fields.ts';
import type { Endpoint } from '../../../server/core/flow.ts';
import { anyFlow } from '../../support/arbitrary.ts';
import { aFlow } from '../../support/flow.ts';

const ofWorkload = FIELDS.filter((field) => field.ofWorkload);

/** The JSON that a block has of an end. */
function jsonOf(end: Endpoint): string {
  const spec = COLUMNS.source;
  if (spec.kind !== 'values') throw new Error('ends are no values');
  return spec.json(end as never);
}

const workloadOf = (end: Endpoint): Endpoint =>
  parseValue('sourceWorkload', workloadJson(jsonOf(end))) as Endpoint;

test('what the field table says of a workload is equal for an end and for its workload', () => {
  expect(ofWorkload.map(({ name }) => name)).toEqual(['ns', 'wl', 'cluster']);
  fc.assert(
    fc.property(anyFlow, ({ source }) => {
      for (const { project } of ofWorkload) {
        expect(project(workloadOf(source) as never)).toEqual(project(source as never));
      }
    }),
  );
});

test('pods of a workload are one, and pods of two are two', () => {
  const { source } = aFlow();
  const another = { ...source, pod: 'web-9', identity: 7, labels: ['k8s:version=2'] };
  expect(workloadJson(jsonOf(another))).toBe(workloadJson(jsonOf(source)));
  const elsewhere = { ...another, workloadKind: 'DaemonSet' };
  expect(workloadJson(jsonOf(elsewhere))).not.toBe(workloadJson(jsonOf(source)));
});

test('each end has a column of its workloads, which is made of it', () => {
  for (const end of ['source', 'destination'] as const) expect(endOf(workloadsOf(end)!)).toBe(end);
  expect([endOf('source'), workloadsOf('sourceIp')]).toEqual([undefined, undefined]);
});
