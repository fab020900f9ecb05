import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { formatTime, nanos } from '../../server/core/time.ts';
import type { Endpoint } from '../../server/core/flow.ts';
import type { FlowJson } from '../../server/formats/flow-json.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { runDropwise, startDropwise } from '../support/dropwise.ts';
import { eventually } from '../support/eventually.ts';
import { aDrop, aFlow, batchOf } from '../support/flow.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const SAMPLES = new URL('../fixtures/samples/', import.meta.url).pathname;
const MAIN = new URL('../../server/main.ts', import.meta.url).pathname;
const MINUTE = 60_000_000_000n;
const { source: WEB } = aFlow();
const end = (workload: string): Endpoint => ({ ...WEB, workload });

/** A store of a test, written by this process and read by the program. */
async function aStore() {
  await using parts = new AsyncDisposableStack();
  const { path } = parts.use(await temporaryDirectory());
  const store = parts.use(await openSqliteStore({ directory: path }));
  const held = parts.move();
  const run = (...args: string[]) => runDropwise([...args, '--data', path]);
  return { path, store, run, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

const linesOf = (text: string) => text.split('\n').filter((line) => line !== '');
const seqsIn = (text: string) => linesOf(text).map((line) => (JSON.parse(line) as FlowJson).seq);
const someFlows = (count: number) => Array.from({ length: count }, () => aFlow());

describe('dropwise flows', () => {
  test('takes the flows between two moments, two durations, or before a moment', async () => {
    await using opened = await aStore();
    const now = BigInt(Date.now()) * 1_000_000n;
    const at = (minutes: bigint) => nanos(now - minutes * MINUTE);
    const ages = [400n, 200n, 100n, 50n, 5n];
    await opened.store.append(batchOf(ages.map((age) => aFlow({ observedAt: at(age) }))));
    const seqs = async (...args: string[]) =>
      seqsIn((await opened.run('flows', ...args, '-o', 'json')).stdout);
    expect(await seqs()).toEqual([5]);
    expect(await seqs('--since', '70m', '--until', '20m')).toEqual([4]);
    expect(await seqs('--since', formatTime(at(250n)), '--until', formatTime(at(60n)))).toEqual([
      2, 3,
    ]);
    expect(await seqs('--since', 'now-3h')).toEqual([3, 4, 5]);
    expect(await seqs('--until', 'now-3h')).toEqual([1, 2]);
    expect(await seqs('--since', 'all', '--until', '60m', '--last', '2')).toEqual([2, 3]);
    expect(await seqs('--since', 'now-3h..now-1h')).toEqual([3]);
  });

  test('prints every flow once and in order, however many pages they take', async () => {
    await using opened = await aStore();
    await opened.store.append(batchOf(someFlows(2_500)));
    const all = Array.from({ length: 2_500 }, (_, at) => at + 1);
    const { stdout } = await opened.run('flows', '--since', 'all', '-o', 'json');
    expect(seqsIn(stdout)).toEqual(all);
    const last = await opened.run('flows', '--since', 'all', '-o', 'json', '--last', '1200');
    expect(seqsIn(last.stdout)).toEqual(all.slice(-1_200));
    const table = linesOf((await opened.run('flows', '--since', 'all')).stdout);
    expect(table).toHaveLength(2_501);
    const column = table[0]!.indexOf('SOURCE');
    expect(new Set(table.map((line) => line.slice(column - 2, column)))).toEqual(new Set(['  ']));
  });

  test('writes CSV with a heading that no spreadsheet takes for a formula (fault 77)', async () => {
    await using opened = await aStore();
    const evil = aFlow({ source: { ...WEB, workload: '=HYPERLINK("http://x","y")' } });
    await opened.store.append(batchOf([evil, aDrop()]));
    const { stdout } = await opened.run('flows', '--since', 'all', '-o', 'csv');
    const [head, first] = stdout.split('\r\n');
    expect(head).toMatch(/^time,verdict,source,destination,/);
    expect(first).toContain(`"'=HYPERLINK(""http://x"",""y"")"`);
    expect(stdout.split('\r\n')).toHaveLength(4);
    const top = await opened.run('flows', '--since', 'all', '-o', 'csv', '--top', 'from.wl');
    expect(top.stdout).toContain(`one,"'=HYPERLINK(""http://x"",""y"")",1,1,`);
  });

  test('prints the records of Hubble flows as they came, and says which have none', async () => {
    await using directory = await temporaryDirectory();
    const data = ['--data', directory.path];
    const files = ['hubble/drops.jsonl', 'hubble/trace-udp.jsonl'].map((name) => SAMPLES + name);
    await runDropwise(['import', ...files, ...data]);
    const { stdout } = await runDropwise(['flows', '--since', 'all', '-o', 'jsonpb', ...data]);
    const recorded = files.flatMap((file) => linesOf(readFileSync(file, 'utf8')));
    const parsed = (lines: readonly string[]) => lines.map((line) => JSON.parse(line) as unknown);
    expect(parsed(linesOf(stdout))).toEqual(parsed(recorded));
    await runDropwise(['import', `${SAMPLES}hubble/legacy-bare-flow.jsonl`, ...data]);
    const bare = await runDropwise([
      ...['flows', '--since', 'all', '--last', '1', '-o', 'jsonpb', ...data],
    ]);
    expect(JSON.parse(bare.stdout)).toMatchObject({ flow: { verdict: 'FORWARDED' } });
    await runDropwise(['import', `${SAMPLES}calico/constructed-flows.jsonl`, ...data]);
    const calico = await runDropwise([
      ...['flows', 'event:flow-log', '--since', 'all', '-o', 'jsonpb', ...data],
    ]);
    expect(calico).toMatchObject({ code: 2, stdout: '' });
    expect(calico.stderr).toMatch(/flow \d+ was recorded as calico-json.*--output json/);
  });

  test('counts by two fields, and says when each group was first and last seen', async () => {
    await using opened = await aStore();
    const at = (seconds: bigint) => nanos(1_770_000_000_000_000_000n + seconds * 1_000_000_000n);
    const flow = (from: string, to: string, seconds: bigint) =>
      aFlow({ source: end(from), destination: end(to), observedAt: at(seconds) });
    await opened.store.append(
      batchOf([flow('a', 'b', 3n), flow('a', 'b', 1n), flow('b', 'a', 2n), flow('', 'c', 4n)]),
    );
    const args = ['flows', '--since', 'all', '--top', 'from.wl,to.wl', '--rows', '2'];
    const { stdout } = await opened.run(...args, '-o', 'json');
    expect(linesOf(stdout).map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { keys: ['a', 'b'], events: 2, firstAt: formatTime(at(1n)), lastAt: formatTime(at(3n)) },
      { keys: ['', 'c'], events: 1, firstAt: formatTime(at(4n)), lastAt: formatTime(at(4n)) },
      { keys: null, events: 1 },
    ]);
    const table = linesOf((await opened.run(...args)).stdout).map((line) => line.split(/ {2,}/));
    expect(table.map((cells) => cells.slice(0, 3))).toEqual([
      ['FROM.WL', 'TO.WL', 'EVENTS'],
      ['a', 'b', '2'],
      ['(none)', 'c', '1'],
      ['(1 others)', '1', '1'],
    ]);
  });

  test.each([
    [['--since', 'now-1h..now', '--until', '5m'], '--until'],
    [['--until', '2h', '--since', '1h'], 'ends before it begins'],
    [['--follow', '--until', '5m'], '--until'],
    [['--follow', '--since', 'now-1h..now'], '--follow'],
    [['--follow', '--top', 'wl'], '--follow'],
    [['--top', 'wl', '-o', 'jsonpb'], 'jsonpb'],
    [['--top', 'wl', '--last', '3'], '--last'],
    [['--rows', '3'], '--top'],
    [['--top', 'wl', '--rows', '0'], '--rows'],
  ])('%j is refused with exit code 2, and why is said', async (args, reason) => {
    const { code, stdout, stderr } = await runDropwise(['flows', ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(reason);
  });

  test.runIf(process.platform === 'linux')(
    'colours verdicts on a terminal, and nowhere where none are wanted',
    async () => {
      await using opened = await aStore();
      await opened.store.append(batchOf([aDrop()]));
      const command = `${process.execPath} ${MAIN} flows --since all --data ${opened.path}`;
      // Nothing is taken over from where the tests run: Node prints no colours where CI is set.
      const plain = { PATH: process.env['PATH'], TERM: 'xterm-256color' };
      const onTerminal = async (more: NodeJS.ProcessEnv) => {
        const terminal = promisify(execFile)('script', ['-qec', command, '/dev/null'], {
          env: { ...plain, ...more },
        });
        return (await terminal).stdout;
      };
      const red = `${String.fromCharCode(27)}[31mdropped`;
      expect(await onTerminal({})).toContain(red);
      expect(await onTerminal({ NO_COLOR: '1' })).not.toContain(red);
      const piped = ['flows', '--since', 'all', '--data', opened.path];
      const { stdout } = await runDropwise(piped, { FORCE_COLOR: undefined });
      expect(stdout).toContain('dropped');
      expect(stdout).not.toContain(red);
    },
  );
});

describe('dropwise flows --follow', () => {
  test('prints what is stored from now on, each flow once, until it is interrupted', async () => {
    await using opened = await aStore();
    await opened.store.append(batchOf(someFlows(3)));
    await using following = startDropwise([
      ...['flows', '--since', 'all', '--follow', '-o', 'json', '--data', opened.path],
    ]);
    await eventually(() => expect(seqsIn(following.stdout())).toEqual([1, 2, 3]));
    for (let commit = 0; commit < 20; commit++) await opened.store.append(batchOf(someFlows(97)));
    const all = Array.from({ length: 3 + 20 * 97 }, (_, at) => at + 1);
    await eventually(() => expect(following.stdout().endsWith('}\n')).toBe(true));
    await eventually(() => expect(seqsIn(following.stdout())).toEqual(all));
    following.signal('SIGINT');
    expect(await following.ended).toBe(0);
    expect(following.stderr()).toBe('');
  });

  test('begins with what is new, and keeps to the query', async () => {
    await using opened = await aStore();
    await opened.store.append(batchOf([aDrop(), aFlow()]));
    await using following = startDropwise([
      ...['flows', 'verdict:dropped', '-f', '-o', 'csv', '--data', opened.path],
    ]);
    await eventually(() => expect(following.stdout()).toMatch(/^time,/));
    await opened.store.append(batchOf([aFlow(), aDrop(), aFlow()]));
    await eventually(() => expect(following.stdout().split('\r\n')).toHaveLength(3));
    expect(following.stdout()).toContain(',4,');
    following.signal('SIGTERM');
    expect(await following.ended).toBe(0);
  });

  test('ends when nobody reads any more', async () => {
    await using opened = await aStore();
    await opened.store.append(batchOf(someFlows(3)));
    await using following = startDropwise([
      ...['flows', '--last', '1', '--since', 'all', '-f', '-o', 'json', '--data', opened.path],
    ]);
    await eventually(() => expect(seqsIn(following.stdout())).toEqual([3]));
    following.leave();
    await opened.store.append(batchOf(someFlows(1)));
    expect(await following.ended).toBe(0);
    expect(following.stderr()).toBe('');
  });
});

test('dropwise compare tells what is new, gone and changed, and of which times', async () => {
  await using opened = await aStore();
  const now = BigInt(Date.now()) * 1_000_000n;
  const flow = (to: string, minutes: bigint) =>
    aFlow({ destination: end(to), observedAt: nanos(now - minutes * MINUTE) });
  await opened.store.append(
    batchOf([
      flow('old', 90n),
      flow('busy', 80n),
      flow('busy', 9n),
      flow('busy', 8n),
      flow('new', 5n),
    ]),
  );
  const rows = async (...args: string[]) => {
    const { stdout, stderr } = await opened.run('compare', ...args);
    return { rows: linesOf(stdout).map((line) => line.split(/ {2,}/)), stderr };
  };
  const { rows: table, stderr } = await rows('--since', '1h', '--by', 'to.wl');
  expect(table).toEqual([
    ['CHANGE', 'TO.WL', 'EVENTS', 'BEFORE', 'AN HOUR', 'BEFORE', 'RATIO'],
    ['changed', 'busy', '2', '1', '2', '1', '2'],
    ['new', 'new', '1', '0', '1', '0'],
    ['gone', 'old', '0', '1', '0', '1'],
  ]);
  expect(stderr).toMatch(/\.\..* against .*\.\..*: 1 new, 1 gone, 1 changed/);
  const halves = ['--since', '30m', '--with', 'now-2h..now-1h', '--by', 'to.wl', '-o', 'csv'];
  expect((await opened.run('compare', 'to.wl:busy', ...halves)).stdout).toBe(
    'change,to.wl,events,events_before,per_hour,per_hour_before,ratio\r\nchanged,busy,2,1,4,1,4\r\n',
  );
});
