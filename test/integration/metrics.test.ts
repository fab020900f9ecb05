import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ownMetrics } from '../../server/http/metrics.ts';
import { openApi, openLive } from '../support/api.ts';
import { runDropwise, serveDropwise } from '../support/dropwise.ts';
import { eventually } from '../support/eventually.ts';
import { aDrop, aFlow, batchOf } from '../support/flow.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const SAMPLE = new URL('../fixtures/samples/hubble/drops.jsonl', import.meta.url).pathname;
const docs = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');

/** Value of the sample whose line begins with `name`. */
function valueOf(text: string, name: string): number {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? Number.NaN);
}

test('docs/metrics.md lists every metric with its type and labels, and no other', async () => {
  await using api = await openApi();
  const metrics = ownMetrics(api.services);
  const listed = docs
    .split('\n')
    .filter((line) => line.startsWith('| `dropwise_'))
    .map((line) =>
      line
        .split('|')
        .slice(1, 4)
        .map((cell) => cell.trim()),
    )
    .map(([name, type, labels]) => `${name} ${type} ${labels}`);
  const known = metrics.map(
    ({ name, type, labels }) =>
      `\`${name}\` ${type} ${labels.map((label) => `\`${label}\``).join(', ')}`,
  );
  expect(listed.toSorted()).toEqual(known.toSorted());
  for (const { name, type, help } of metrics) {
    expect(name.endsWith('_total'), name).toBe(type === 'counter');
    expect(help).toMatch(/\.$/);
  }
  const named = [...docs.matchAll(/dropwise_\w+/g)].map(([name]) => name);
  expect(named.filter((name) => !metrics.some((metric) => metric.name === name))).toEqual([]);
});

test('/metrics is plain text of version 0.0.4, and answers to the names of the server only', async () => {
  await using api = await openApi();
  await api.store.append(batchOf([aFlow(), aDrop(), aFlow()]));
  const response = await api.get('/metrics');
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const text = await response.text();
  expect(valueOf(text, 'dropwise_store_head_seq')).toBe(3);
  expect(valueOf(text, 'dropwise_store_blocks')).toBe(1);
  expect(valueOf(text, 'dropwise_store_bytes')).toBeGreaterThan(10_000);
  expect(valueOf(text, 'dropwise_store_oldest_flow_timestamp_seconds')).toBeCloseTo(1.77e9, -3);
  expect(
    valueOf(
      text,
      'dropwise_build_info{version="0.0.0-test",node_version="' + process.version + '"}',
    ),
  ).toBe(1);
  expect(text).toContain('nodejs_eventloop_lag_seconds');
});

test('what a viewer is not sent is counted', async () => {
  await using api = await openApi();
  using live = await openLive(api.url);
  await eventually(() => expect(live.of('subscribed')).toHaveLength(1));
  const flows = Array.from({ length: 9_000 }, (_, at) => (at < 5_000 ? aDrop() : aFlow()));
  const { blocks, gaps } = await api.store.append(batchOf(flows));
  api.services.hub.publish({ head: 9_000, blocks, gaps, untold: 12 });
  const text = await (await api.get('/metrics')).text();
  expect(valueOf(text, 'dropwise_live_viewers')).toBe(1);
  expect(valueOf(text, 'dropwise_live_untold_flows_total')).toBe(12);
  expect(valueOf(text, 'dropwise_live_lost_drop_rows_total')).toBe(5_000 - 512);
  expect(valueOf(text, 'dropwise_live_shed_rows_total')).toBeGreaterThan(0);
});

test('a running server tells of its sources, its store and its readers', async () => {
  await using directory = await temporaryDirectory();
  await using server = await serveDropwise([
    ...['serve', '--port', '0', '--data', directory.path],
    ...['--hubble-file', SAMPLE, '--hubble-relay', 'away=127.0.0.1:1'],
  ]);
  const scrape = async (): Promise<string> => (await fetch(`${server.url}metrics`)).text();
  await fetch(`${server.url}api/v1/flows`);
  let text = '';
  await eventually(async () => {
    text = await scrape();
    expect(valueOf(text, 'dropwise_source_state{source="away",state="retrying"}')).toBe(1);
    expect(valueOf(text, 'dropwise_store_head_seq')).toBeGreaterThan(0);
    expect(valueOf(text, 'dropwise_reader_questions_total{outcome="answered"}')).toBeGreaterThan(0);
  });
  const dropped = `dropwise_source_flows_total{source="${SAMPLE}",verdict="dropped"}`;
  expect(valueOf(text, dropped)).toBe(valueOf(text, 'dropwise_store_head_seq'));
  expect(valueOf(text, `dropwise_source_lost_events_total{source="${SAMPLE}"}`)).toBe(0);
  expect(valueOf(text, 'dropwise_store_wal_bytes')).toBeGreaterThan(0);
  expect(valueOf(text, 'dropwise_store_checkpoint_age_seconds')).toBeGreaterThanOrEqual(0);
  expect(valueOf(text, 'dropwise_reader_processes')).toBeGreaterThan(0);
  await server.stop();
  const { stdout } = await runDropwise(['sources', '-o', 'json', '--data', directory.path]);
  expect(JSON.parse(stdout.split('\n')[0] ?? '')).toMatchObject({ stored: valueOf(text, dropped) });
});
