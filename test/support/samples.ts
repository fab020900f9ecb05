import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const SAMPLES = join(import.meta.dirname, '../fixtures/samples');

export const samplePath = (name: string): string => join(SAMPLES, name);

/** Non-empty lines of a sample file, such as `hubble/drops.jsonl`. */
export function sampleLines(name: string): readonly string[] {
  return readFileSync(samplePath(name), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

export const sampleNames = (folder: string): readonly string[] =>
  readdirSync(samplePath(folder)).map((name) => `${folder}/${name}`);

export type WireVector = { readonly name: string; readonly json: unknown; readonly pb: string };

export const wireVectors = (): readonly WireVector[] =>
  sampleLines('hubble/wire-vectors.jsonl').map((line) => JSON.parse(line) as WireVector);
