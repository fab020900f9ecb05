import { readdirSync, readFileSync } from 'node:fs';
import type { Explanation } from '../../server/core/explanation.ts';

const FOLDER = new URL('../fixtures/explanations/', import.meta.url);

export const EXPLANATION_NAMES: readonly string[] = readdirSync(FOLDER)
  .map((file) => file.replace(/\.json$/, ''))
  .sort();

/** An explanation as the server sends it, written by hand. */
export const readExplanation = (name: string): Explanation =>
  JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8')) as Explanation;
