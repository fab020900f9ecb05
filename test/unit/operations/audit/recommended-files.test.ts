import { expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { foldEdges } from '../../../../server/operations/audit/fold-edges.ts';
import { recommendRecorded } from '../../../../server/operations/audit/recommend-recorded.ts';
import { recommendedFiles } from '../../../../server/operations/audit/recommended-files.ts';
import type { ConnectionRow } from '../../../../server/store/connections.ts';
import { aRow } from '../../../support/connection-row.ts';
import { aFlow } from '../../../support/flow.ts';

const WEB = aFlow().source;
const SCOPE = { namespaces: ['shop'], ways: ['ingress', 'egress'], family: 'k8s' } as const;

function filesOf(rows: readonly ConnectionRow[]) {
  const { edges } = foldEdges(rows);
  const set = recommendRecorded({ cluster: '', dataplane: 'cilium', edges }, [], SCOPE);
  return recommendedFiles(set);
}

test('equal records make equal bytes, in whatever order they came', () => {
  const rows = [
    aRow({}, { events: 7 }),
    aRow({ destinationPort: 80 }, { events: 2 }),
    aRow({ source: { ...WEB, workload: 'api', pod: 'api-0', labels: ['k8s:app=api'] } }),
    aRow({ source: { ...WEB, namespace: 'auth', workload: 'login', pod: 'login-0' } }),
  ];
  const files = filesOf(rows);
  expect(filesOf(rows.toReversed())).toEqual(files);
  expect(filesOf(rows)).toEqual(files);
  expect(files.map(({ path }) => path)).toEqual([
    'kustomization.yaml',
    'shop/kustomization.yaml',
    'shop/api-allow.yaml',
    'shop/db-allow.yaml',
    'shop/default-deny.yaml',
    'shop/web-allow.yaml',
  ]);
  const db = files.find(({ path }) => path === 'shop/db-allow.yaml')!.text;
  expect(db).toMatch(/# shop\/web → shop\/db 5432\/tcp: 7, once, last 2026-/);
});

test('a name with a line break stays in its comment', () => {
  for (const end of ['\n', '\r', '\u2028', '\u0085']) {
    const workload = `web${end}    - from: [{}]`;
    const files = filesOf([aRow({ source: { ...WEB, workload } })]);
    const { text } = files.find(({ path }) => path === 'shop/db-allow.yaml')!;
    const document = parseDocument(text);
    expect(document.errors).toEqual([]);
    expect(document.toJS()).toMatchObject({
      spec: { ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }] }] },
    });
    expect(text).toContain('# shop/web ');
    expect(text.split(/[\n\r\u2028\u0085]/).filter((line) => /^ *- from: \[/.test(line))).toEqual(
      [],
    );
  }
});
