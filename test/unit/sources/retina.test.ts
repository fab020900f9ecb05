import { expect, test } from 'vitest';
import { areRetinas } from '../../../server/sources/decode/retina.ts';
import { sampleLines, sampleNames } from '../../support/samples.ts';

const records = (name: string): readonly unknown[] =>
  sampleLines(name).map((line): unknown => {
    try {
      return JSON.parse(line);
    } catch {
      return undefined;
    }
  });

const RETINA = 'hubble/synthetic-retina.jsonl';
const withoutExtensions = records(RETINA).map((record) => {
  const { flow } = record as { flow: object };
  return {
    flow: Object.fromEntries(Object.entries(flow).filter(([key]) => key !== 'extensions')),
  };
});
/** More than one line of them, so that equal numbers are no chance. */
const many = (): unknown[] => Array.from({ length: 3 }, () => withoutExtensions).flat();

test('records of Retina are known by their extensions, by their emitter, and by many alike', () => {
  for (const record of records(RETINA)) expect(areRetinas([record])).toBe(true);
  expect(areRetinas([{ flow: { emitter: { name: 'Retina', version: 'v1' } } }])).toBe(true);
  expect(areRetinas([{ flow: { extensions: { '@type': 'x/utils.RetinaMetadata' } } }])).toBe(true);
  expect(areRetinas(many())).toBe(true);
});

test('a few records that only look alike prove nothing, and one policy verdict disproves it', () => {
  expect(areRetinas(withoutExtensions.slice(0, 3))).toBe(false);
  expect(areRetinas([{ flow: { event_type: { type: 5 } } }, ...many()])).toBe(false);
  expect(areRetinas([{ flow: { emitter: { name: 'Hubble' } } }, ...many()])).toBe(false);
  expect(areRetinas([])).toBe(false);
});

/** The second holds one record of Retina's among odd ones that nobody can place. */
const WITH_RETINA = [RETINA, 'hubble/exporter-events.jsonl'];
const others = sampleNames('hubble').filter(
  (name) => name.endsWith('.jsonl') && !WITH_RETINA.includes(name),
);

test.each(others)('%s is not', (name) => {
  expect(areRetinas(records(name))).toBe(false);
});
