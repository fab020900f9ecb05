import { globSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { ERRORS } from '../../server/core/errors.ts';
import { INVENTORY_SETTINGS } from '../../server/inventory-settings.ts';
import { CONFIG_SETTING, SETTINGS } from '../../server/settings-table.ts';
import { SOURCE_SETTINGS, TLS_SETTINGS } from '../../server/source-settings-table.ts';

const ROOT = new URL('../../', import.meta.url).pathname;
const read = (path: string): string => readFileSync(ROOT + path, 'utf8');
const code = globSync(['server/**/*.ts', 'web/src/**/*.{ts,svelte}'], { cwd: ROOT });

describe('the tree is tidy', () => {
  test('every setting is in docs/settings.md with its flag and its environment variable', () => {
    const docs = read('docs/settings.md');
    for (const { flag, env } of [
      ...SETTINGS,
      ...SOURCE_SETTINGS,
      ...INVENTORY_SETTINGS,
      ...TLS_SETTINGS,
      CONFIG_SETTING,
    ]) {
      expect(docs).toContain(`\`${flag}\``);
      expect(docs).toContain(`\`${env}\``);
    }
  });

  test('every error code is in docs/errors.md, and no other', () => {
    const documented = [...read('docs/errors.md').matchAll(/^\| `([a-z-]+)`/gm)].map(
      ([, name]) => name,
    );
    expect(documented.toSorted()).toEqual(Object.keys(ERRORS).toSorted());
  });

  test('every error code is thrown somewhere', () => {
    const sources = code.map(read).join('\n');
    expect(Object.keys(ERRORS).filter((name) => !sources.includes(`'${name}',`))).toEqual([]);
  });

  test('migrations are numbered without a hole', () => {
    for (const schema of ['sqlite', 'control']) {
      const numbers = globSync('*.sql', { cwd: `${ROOT}migrations/${schema}` })
        .sort()
        .map((name) => Number(name.slice(0, 4)));
      expect(numbers).toEqual(numbers.map((_, at) => at + 1));
      expect(numbers).not.toEqual([]);
    }
  });

  test('the environment is read in one place', () => {
    expect(code.filter((path) => read(path).includes('process.env'))).toEqual(['server/config.ts']);
  });

  test('no file of ours is longer than 250 lines', () => {
    const long = code.filter((path) => read(path).split('\n').length > 251);
    expect(long).toEqual([]);
  });

  test('links in the documents lead somewhere', () => {
    for (const path of ['README.md', ...globSync('docs/*.md', { cwd: ROOT })]) {
      const folder = path.includes('/') ? 'docs/' : '';
      for (const [, target] of read(path).matchAll(/\]\((?!http)([^)#]+)/g)) {
        expect(
          statSync(`${ROOT}${folder}${target ?? ''}`, { throwIfNoEntry: false }),
          `${path}: ${target ?? ''}`,
        ).toBeDefined();
      }
    }
  });

  test('the compose file runs command lines that exist, and the image copies what they need', () => {
    const compose = parseYaml(read('docker-compose.yml'), { merge: true }) as {
      services: Record<string, { command: string[]; environment?: Record<string, string> }>;
    };
    const commands = Object.values(compose.services).map(({ command }) => command[0]);
    expect(commands).toEqual(['demo', 'serve']);
    const known = new Set([...SETTINGS, ...SOURCE_SETTINGS, ...TLS_SETTINGS].map(({ env }) => env));
    for (const { environment = {} } of Object.values(compose.services)) {
      for (const name of Object.keys(environment)) expect(known).toContain(name);
    }
    const dockerfile = read('Dockerfile');
    for (const folder of ['server', 'proto', 'migrations', 'docs', 'web/dist']) {
      expect(dockerfile).toContain(`/app/${folder} ./${folder}`);
    }
    expect(dockerfile).toMatch(/^ENTRYPOINT \["node", .*"server\/main\.ts"\]$/m);
  });

  test('the version is the same in package.json, the API document and the compose file', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    expect(read('docs/openapi.yaml')).toContain(`version: ${version}`);
    expect(read('docker-compose.yml')).toContain(`dropwise:${version}`);
  });
});
