import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const ROOT = new URL('../../', import.meta.url).pathname;

/** No container engine is needed for this much: the files that the image copies, and the command that it runs. */
test('what the image holds is enough for its command to serve page and API', async () => {
  const dockerfile = readFileSync(`${ROOT}Dockerfile`, 'utf8');
  const copied = [...dockerfile.matchAll(/^COPY --from=build .*\/app\/(\S+) \S+$/gm)].map(
    ([, path]) => path ?? '',
  );
  const [, entrypoint = '[]'] = /^ENTRYPOINT (\[.*\])$/m.exec(dockerfile) ?? [];
  const [, ...entry] = JSON.parse(entrypoint) as string[];
  await using image = await temporaryDirectory();
  for (const path of copied) {
    if (path === 'node_modules') symlinkSync(`${ROOT}${path}`, join(image.path, path));
    else cpSync(`${ROOT}${path}`, join(image.path, path), { recursive: true });
  }
  const child = spawn(process.execPath, [...entry, 'demo'], {
    cwd: image.path,
    env: { PATH: process.env['PATH'], DROPWISE_DATA: join(image.path, 'data'), DROPWISE_PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const url = /http:\/\/\S+/.exec(line.toString('utf8'))?.[0] ?? '';
    expect(await (await fetch(url)).text()).toContain('<div id="app">');
    expect((await fetch(`${url}api/v1/openapi.json`)).status).toBe(200);
  } finally {
    child.kill('SIGTERM');
  }
  expect(await closed).toEqual([0, null]);
});
