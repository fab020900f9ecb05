import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openApi, openLive } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { runDropwise, serveDropwise } from '../support/dropwise.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const SAMPLE = new URL('../fixtures/samples/hubble/drops.jsonl', import.meta.url).pathname;

describe('serve', () => {
  test.each([
    [['--host', '0.0.0.0'], 'not a loopback address'],
    [['--port', 'many'], '--port'],
    [['--nonsense'], 'unknown option'],
    [['--config', '/no/such/file'], '/no/such/file'],
    [['--data', '/dev/null/store'], '/dev/null/store'],
  ])('%j is refused with exit code 2 and the reason (fault 1)', async (args, reason) => {
    const { code, stderr } = await runDropwise(['serve', '--port', '0', ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(reason);
    expect(stderr).not.toContain('    at ');
  });

  test('a port that is in use is named', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { code, stderr } = await runDropwise(['serve', '--port', String(port)]);
    other.close();
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`${port} is in use`) as string,
    });
  });

  test('a relay that is not there leaves the server up and ready, and Sources says why (fault 74)', async () => {
    await using directory = await temporaryDirectory();
    await using server = await serveDropwise([
      ...['serve', '--port', '0', '--data', directory.path],
      ...['--hubble-relay', 'east=127.0.0.1:1'],
    ]);
    expect((await fetch(`${server.url}readyz`)).status).toBe(200);
    expect(await (await fetch(`${server.url}api/v1/sources`)).json()).toMatchObject({
      sources: [{ name: 'east' }],
    });
    expect(await server.stop()).toBe(0);
  });

  test('SIGTERM under load, with a viewer, ends with exit code 0 (fault 72)', async () => {
    await using server = await serveDropwise(['demo', '--port', '0', '--demo-rate', '2000']);
    await fetch(`${server.url}api/v1/summary`);
    using viewer = await openLive(server.url.slice(0, -1));
    await eventually(() => expect(viewer.of('flows').length).toBeGreaterThan(0));
    expect(await server.stop()).toBe(0);
  });

  test('a second instance on the same directory is refused, and the first goes on (fault 80)', async () => {
    await using directory = await temporaryDirectory();
    const args = ['demo', '--port', '0', '--data', directory.path];
    await using first = await serveDropwise(args);
    const second = await runDropwise(args);
    expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining('in use') as string });
    expect((await fetch(`${first.url}readyz`)).status).toBe(200);
  });

  test('demo and real flows never share a directory (fault 86)', async () => {
    await using directory = await temporaryDirectory();
    const data = ['--data', directory.path];
    expect((await runDropwise(['import', SAMPLE, ...data])).code).toBe(0);
    expect(await runDropwise(['demo', '--port', '0', ...data])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('holds real flows') as string,
    });
    await using server = await serveDropwise(['serve', '--port', '0', ...data]);
    expect(await (await fetch(`${server.url}api/v1/sources`)).json()).toMatchObject({
      demo: false,
      store: { flows: 1 },
    });
  });
});

describe('commands on a store', () => {
  test('a file that cannot be read does not keep the others from being stored', async () => {
    await using directory = await temporaryDirectory();
    const missing = join(directory.path, 'missing');
    const data = ['--data', join(directory.path, 'data'), '-o', 'json'];
    const { code, stdout, stderr } = await runDropwise(['import', missing, SAMPLE, ...data]);
    expect(code).toBe(1);
    expect(stderr).toContain(missing);
    expect(JSON.parse(stdout)).toMatchObject({ file: SAMPLE, flows: 1 });
  });

  test.each([
    [['flows', 'colour:red'], 'colour'],
    [['flows', '--since', 'nonsense'], 'nonsense'],
    [['flows', '--last', 'few'], '--last'],
    [['flows', '-o', 'xml'], 'xml'],
  ])('%j is refused with exit code 2', async (args, reason) => {
    const { code, stderr } = await runDropwise(args);
    expect(code).toBe(2);
    expect(stderr).toContain(reason);
  });

  test('control characters of a record do not reach the terminal (fault 28)', async () => {
    await using directory = await temporaryDirectory();
    const file = join(directory.path, 'evil.jsonl');
    const flow = {
      verdict: 'DROPPED',
      event_type: { type: 1 },
      source: { namespace: 'a\u001b[31m\nb', pod_name: 'p' },
    };
    writeFileSync(file, `${JSON.stringify({ flow })}\n`);
    const data = ['--data', join(directory.path, 'data')];
    await runDropwise(['import', file, ...data]);
    const { stdout } = await runDropwise(['flows', '--since', 'all', ...data]);
    expect(stdout).toContain('a\\x1b[31m\\x0ab/p');
    expect(stdout.split('\n')).toHaveLength(3);
  });

  test('all of a store whose flows share one moment is shown', async () => {
    await using directory = await temporaryDirectory();
    const file = join(directory.path, 'flows.log');
    const policies = { enforced_policies: ['0|default|np:shop/default.web|deny|0'] };
    const line = {
      start_time: 1_770_000_000,
      end_time: 1_770_000_300,
      action: 'deny',
      reporter: 'dst',
      policies,
      num_flows_started: 3,
    };
    writeFileSync(file, `${JSON.stringify(line)}\n`);
    const data = ['--data', join(directory.path, 'data'), '-o', 'json'];
    await runDropwise(['import', file, ...data]);
    const { stdout } = await runDropwise(['policies', '--since', 'all', ...data]);
    expect(JSON.parse(stdout)).toMatchObject({
      policy: { name: 'web', tier: 'default' },
      totals: { denied: 3 },
    });
  });
});

describe('hostile connections do not end the server', () => {
  const raw = (url: string, head: string): Promise<string> =>
    new Promise((resolve) => {
      const { hostname, port } = new URL(url);
      let answer = '';
      const socket = connect(Number(port), hostname, () => socket.write(head));
      socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
      socket.on('error', () => resolve(answer));
      socket.on('close', () => resolve(answer));
    });
  const upgrade = (path: string, host: string): string =>
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';

  test.each([
    ['//', '127.0.0.1', '404'],
    ['/api/v1/other', '127.0.0.1', '404'],
    ['/api/v1/live', 'evil.test', '421'],
  ])('an upgrade of %s as %s is answered with %s', async (path, host, status) => {
    await using api = await openApi();
    expect(await raw(api.url, upgrade(path, host))).toContain(`HTTP/1.1 ${status}`);
    expect((await api.get('/livez')).status).toBe(200);
  });

  test('peers that reset in the middle of a refused upgrade are forgotten', async () => {
    await using api = await openApi();
    const { hostname, port } = new URL(api.url);
    for (let at = 0; at < 300; at += 1) {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      socket.write(upgrade('/api/v1/live', 'evil.test'));
      socket.resetAndDestroy();
    }
    expect((await api.get('/livez')).status).toBe(200);
  });
});
