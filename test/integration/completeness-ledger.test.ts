import { describe, expect, test } from 'vitest';
import { assess } from '../../server/core/completeness.ts';
import { nanos, NANOS_PER_SECOND, type EpochNanos } from '../../server/core/time.ts';
import type { Checkpoint, Gap } from '../../server/core/flow.ts';
import type { CompletenessJson, FlowsResponse } from '../../server/http/contract.ts';
import { completenessOf } from '../../server/operations/completeness.ts';
import type { FlowStore, WatchNote } from '../../server/store/flow-store.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { openApi } from '../support/api.ts';
import { aFlow, batchOf } from '../support/flow.ts';
import { runDropwise } from '../support/dropwise.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const BASE = 1_770_000_000n;
const at = (seconds: number): EpochNanos => nanos((BASE + BigInt(seconds)) * NANOS_PER_SECOND);

const reads = (seconds: number, since: number, resumes = false): WatchNote => ({
  origin: 'test',
  at: at(seconds),
  skew: undefined,
  reading: { since: at(since), until: at(seconds), resumes },
});
const away = (seconds: number): WatchNote => ({ ...reads(seconds, 0), reading: undefined });

/** Every five seconds, as the server notes. */
async function noteAll(
  store: FlowStore,
  from: number,
  to: number,
  note: (at: number) => WatchNote,
) {
  for (let second = from; second <= to; second += 5) await store.noteWatched([note(second)]);
}

const lostGap = (from: number, to: number, count: bigint): Gap => ({
  kind: 'lost',
  origin: 'test',
  node: 'east/node-1',
  from: at(from),
  to: at(to),
  count,
  reason: 'HUBBLE_RING_BUFFER',
});

async function judge(store: FlowStore, from: number, to: number) {
  const within = { from: at(from), to: at(to) };
  return assess(await store.ledger(within), within, { now: at(to) });
}

describe('the ledger in the store', () => {
  test('tells what was watched across a restart, and a hole until the source resumes', async () => {
    await using directory = await temporaryDirectory();
    {
      await using store = await openSqliteStore({ directory: directory.path });
      await noteAll(store, 0, 100, (second) => reads(second, 0));
      await noteAll(store, 105, 200, away);
      expect(await judge(store, 0, 100)).toMatchObject({ verdict: 'complete', watched: 1 });
      expect(await judge(store, 0, 200)).toMatchObject({ verdict: 'lower-bound' });
    }
    await using store = await openSqliteStore({ directory: directory.path });
    expect(await judge(store, 150, 200)).toMatchObject({ verdict: 'lower-bound', watched: 0 });
    await noteAll(store, 205, 230, (second) => reads(second, 202, true));
    expect(await judge(store, 0, 230)).toMatchObject({ verdict: 'complete', watched: 1 });
  });

  test('leaves a hole where a source began anew instead of resuming', async () => {
    await using directory = await temporaryDirectory();
    await using store = await openSqliteStore({ directory: directory.path });
    await noteAll(store, 0, 100, (second) => reads(second, 0));
    await noteAll(store, 105, 195, away);
    await noteAll(store, 200, 300, (second) => reads(second, 200));
    expect(await judge(store, 0, 300)).toMatchObject({ verdict: 'lower-bound' });
    expect((await judge(store, 0, 300)).watched).toBeCloseTo(1 - 85 / 300);
  });

  test('adds up losses beyond 64 bits, by node, and only those of the range', async () => {
    await using directory = await temporaryDirectory();
    await using store = await openSqliteStore({ directory: directory.path });
    await noteAll(store, 0, 100, (second) => reads(second, 0));
    const gaps = Array.from({ length: 1_500 }, (_, n) =>
      lostGap(10 + (n % 50), 11 + (n % 50), 2n ** 64n - 1n),
    );
    await store.append(batchOf([], { gaps: [...gaps, lostGap(80, 81, 1n)] }));
    expect(await judge(store, 0, 70)).toMatchObject({
      lost: 1_500n * (2n ** 64n - 1n),
      gaps: 1_500,
    });
    expect(await judge(store, 75, 90)).toMatchObject({ lost: 1n, gaps: 1 });
    expect(await judge(store, 90, 100)).toMatchObject({ lost: 0n, gaps: 0, verdict: 'complete' });
  });

  test('tells which records were aggregates and how many could not be read', async () => {
    await using directory = await temporaryDirectory();
    await using store = await openSqliteStore({ directory: directory.path, clock: () => at(60) });
    await noteAll(store, 0, 100, (second) => reads(second, 0));
    const { counts } = aFlow();
    await store.append(
      batchOf(
        [
          aFlow({ observedAt: at(10), counts: { ...counts, events: 7 } }),
          aFlow({ observedAt: at(20), window: { from: at(0), to: at(30) } }),
        ],
        {
          rejected: [
            { reason: 'not JSON', count: 3, sample: '' },
            { reason: 'Calico DNS log line, not a flow', count: 9, sample: '' },
          ],
        },
      ),
    );
    expect(await judge(store, 0, 100)).toMatchObject({
      verdict: 'unknown',
      rejected: 3,
      aggregated: true,
      sources: [{ aggregatedMs: 30_000 }],
    });
    expect(await judge(store, 70, 100)).toMatchObject({ rejected: 0, verdict: 'complete' });
  });
});

describe('answers', () => {
  const getJson = async (url: string): Promise<unknown> => (await fetch(url)).json();

  test('each carries how completely its range was recorded, and 0 results with a loss are no proof', async () => {
    await using api = await openApi();
    const now = api.services.clock.now();
    const ago = (seconds: number) => nanos(now - BigInt(seconds) * NANOS_PER_SECOND);
    await api.store.noteWatched([
      {
        origin: 'test',
        at: nanos(now),
        skew: undefined,
        reading: { since: ago(7_200), until: nanos(now), resumes: false },
      },
    ]);
    await api.store.append(
      batchOf([], { gaps: [{ ...lostGap(0, 1, 162n), from: ago(60), to: ago(50) }] }),
    );
    for (const path of ['flows', 'summary', 'drops', 'policies']) {
      const { completeness } = (await getJson(`${api.url}/api/v1/${path}?t=15m`)) as {
        completeness: CompletenessJson;
      };
      expect(completeness, path).toMatchObject({ verdict: 'lower-bound', lost: '162', gaps: 1 });
    }
    const before = (await getJson(`${api.url}/api/v1/flows?t=now-1h..now-10m`)) as FlowsResponse;
    expect(before).toMatchObject({
      flows: [],
      gaps: [],
      completeness: { verdict: 'complete', watched: 1 },
    });
    expect(await getJson(`${api.url}/api/v1/sources`)).toMatchObject({
      sources: [
        { name: 'test', completeness: { byStage: [{ stage: 'hubble-ring', count: '162' }] } },
      ],
    });
  });

  test('the command line says in one line on standard error that an answer is a lower bound, and ends with 0', async () => {
    await using directory = await temporaryDirectory();
    {
      await using store = await openSqliteStore({ directory: directory.path });
      await store.append(
        batchOf([aFlow({ observedAt: at(10) })], {
          gaps: [lostGap(5, 6, 162n)],
          checkpoint: 'c' as Checkpoint,
        }),
      );
      expect((await completenessOf(store, undefined, { now: at(20), of: 'flows' })).verdict).toBe(
        'lower-bound',
      );
    }
    for (const command of ['flows', 'policies']) {
      const { code, stdout, stderr } = await runDropwise([
        command,
        '--since',
        'all',
        '--data',
        directory.path,
        '-o',
        'json',
      ]);
      expect({ code, lines: stderr.trim().split('\n').length }).toEqual({ code: 0, lines: 1 });
      expect(stderr).toMatch(/lower bound: 162 events were lost in the node's Hubble ring/);
      expect(stdout).not.toContain('lower bound');
    }
  });
});
