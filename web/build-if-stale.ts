/** Builds the page when it is missing or older than what it is made from. Run by `npm start` and `npm test`. */
import { globSync, statSync } from 'node:fs';
import { build } from 'vite';

const root = new URL('../', import.meta.url).pathname;
const INPUTS = [
  'web/src/**',
  'web/index.html',
  'web/vite.config.ts',
  'server/{core,query}/**',
  'package-lock.json',
];

const changedAt = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

const newest = Math.max(...globSync(INPUTS, { cwd: root }).map((path) => changedAt(root + path)));

if (changedAt(`${root}web/dist/index.html`) < newest) {
  await build({ configFile: `${root}web/vite.config.ts`, logLevel: 'warn' });
}
