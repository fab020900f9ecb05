import { beforeEach, describe, expect, test } from 'vitest';
import type { FlowsRequest, SummaryRequest } from '../../../web/src/api/client.ts';
import { createCompletion } from '../../../web/src/state/query-language.ts';
import { COMPLETE, flowJson } from './flows.ts';

let asked: (FlowsRequest | SummaryRequest)[] = [];
beforeEach(() => {
  asked = [];
});

const labelled = (seq: number, from: readonly string[], to: readonly string[]) => {
  const flow = flowJson(seq);
  return {
    ...flow,
    source: { ...flow.source, labels: from },
    destination: { ...flow.destination, labels: to },
  };
};

const FLOWS = [
  labelled(1, ['k8s:app=web', 'k8s:io.cilium.k8s.policy.cluster=east'], ['k8s:app=redis']),
  labelled(
    2,
    ['k8s:area=shop', 'reserved:host'],
    ['k8s:app=redis', 'k8s:app.kubernetes.io/name=redis'],
  ),
  labelled(3, [], ['k8s:app=kafka']),
];
const ROWS = [
  { keys: ['shop'], records: 1_200 },
  { keys: ['payment'], records: 30 },
];

const complete = createCompletion({
  api: {
    flows: (request) => {
      asked.push(request);
      return Promise.resolve({
        flows: FLOWS,
        next: null,
        searching: null,
        head: 3,
        q: '',
        range: null,
        gaps: [],
        completeness: COMPLETE,
      });
    },
    summary: (request) => {
      asked.push(request);
      const rows = ROWS.map((row) => ({
        ...{ ...row, events: row.records, series: [] },
        ...{ firstAt: null, lastAt: null },
      }));
      return Promise.resolve({
        by: ['ns'],
        q: '',
        range: { from: '', to: '' },
        rows,
        groups: rows.length,
        untold: { records: 0, events: 0 },
        head: 3,
        gaps: [],
        completeness: COMPLETE,
      });
    },
  },
  range: () => 'now-1h..now',
});

const labels = async (text: string): Promise<readonly string[] | undefined> => {
  const found = await complete(text, text.length, new AbortController().signal);
  return found?.options.map(({ label }) => label);
};

describe('completion', () => {
  test('offers fields in an empty bar and after a complete term, without asking the server', async () => {
    expect(await labels('')).toContain('verdict:');
    expect(await labels('verdict:dropped ')).toEqual(expect.arrayContaining(['ns:', 'to.', 'OR']));
    expect(asked).toEqual([]);
  });

  test('after a side offers its fields, then the labels that this end has', async () => {
    const offered = await labels('ns:shop to.');
    expect(offered?.[0]).toBe('to.ns:');
    expect(offered?.slice(-2)).toEqual(['to.app=', 'to.app.kubernetes.io/name=']);
    expect(await labels('from.a')).toEqual(['from.app=', 'from.area=']);
    expect(await labels('to.a')).toEqual(['to.app=', 'to.app.kubernetes.io/name=']);
  });

  test('puts labels that the dataplane adds behind all others', async () => {
    expect((await labels('from.'))?.slice(-3)).toEqual([
      'from.app=',
      'from.area=',
      'from.io.cilium.k8s.policy.cluster=',
    ]);
  });

  test('offers the values of a label, asked for as typed, the most frequent first', async () => {
    expect(await labels('to.app=')).toEqual(['redis', 'kafka', 'none', '*']);
    expect(await labels('to.app=ka')).toEqual(['kafka']);
    expect(asked.at(-1)).toMatchObject({ q: 'to.app=ka*', t: 'now-1h..now' });
  });

  test('offers the values of a field on the side that was asked for, with their counts', async () => {
    const found = await complete('to.ns:', 6, new AbortController().signal);
    expect(found?.options).toContainEqual({ label: 'shop', detail: '1,200' });
    expect(asked.at(-1)).toMatchObject({ by: 'to.ns', t: 'now-1h..now' });
  });

  test('says nothing about a value that is written out', async () => {
    expect(await labels('ns:shop')).toBeUndefined();
    expect(await labels('verdict:dropped')).toBeUndefined();
  });
});
