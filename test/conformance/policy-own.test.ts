import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readCaseFile, type CaseFile } from '../../server/policy/cases/case-file.ts';
import { judgeCases } from '../../server/policy/cases/run-cases.ts';
import { DATAPLANES, DIALECTS } from '../../server/policy/registry.ts';

const parts = { dialects: Object.values(DIALECTS), dataplanes: DATAPLANES };

function readFixture(name: string): CaseFile {
  const path = join(import.meta.dirname, `../fixtures/conformance/${name}.json`);
  const read = readCaseFile(readFileSync(path, 'utf8'));
  if (!read.ok) throw new Error(read.why);
  return read.file;
}

/** Our own cases, reasoned from the semantics, for what the suites leave out. */
const FILES = [
  { name: 'own-k8s', probes: 174 },
  { name: 'own-cilium', probes: 341 },
  { name: 'own-calico', probes: 278 },
];

describe.each(FILES)('$name', ({ name, probes }) => {
  const results = [...judgeCases(readFixture(name), parts)].map((result) => ({
    ...result,
    id: `${result.case.id}#${result.probe.id}`,
  }));

  test('all of its probes are there', () => {
    expect(results).toHaveLength(probes);
  });

  test.each(results)('$id', ({ probe, judgement }) => {
    expect(judgement?.verdict).toBe(probe.expect);
  });
});

test('what a case file has as null is not there, but for ports and replies', () => {
  const read = readCaseFile(JSON.stringify(WITH_NULLS));

  expect(read).toMatchObject({ ok: true });
  if (!read.ok) return;
  const verdicts = [...judgeCases(read.file, parts)].map(({ judgement }) => judgement?.verdict);
  expect(verdicts).toEqual(['deny', 'undetermined', 'undetermined', 'deny', 'undetermined']);
});

const POLICY = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'a', namespace: 'a', labels: null },
  spec: { podSelector: {}, ingress: [{ ports: [{ port: 'http' }] }], egress: null },
};

const NOTHING = {
  labels: null,
  ips: null,
  ports: null,
  node: null,
  hostNetwork: null,
  serviceAccount: null,
};

const WITH_NULLS = {
  format: 'netpol-conformance/1',
  title: null,
  clusters: {
    c: {
      namespaces: [{ name: 'a', labels: null }],
      pods: [
        { namespace: 'a', name: 'known', labels: null, ips: ['10.0.0.1'], ports: [] },
        { namespace: 'a', name: 'open', ...NOTHING },
      ],
      nodes: null,
      services: [
        {
          namespace: 'a',
          name: 's',
          clusterIPs: null,
          selector: null,
          endpoints: null,
          ports: null,
        },
      ],
      serviceAccounts: null,
      dns: null,
      apiServerIPs: null,
    },
  },
  cases: [
    {
      id: 'nulls',
      dataplane: 'kubernetes',
      settings: null,
      origin: null,
      cluster: 'c',
      policies: JSON.stringify(POLICY),
      probes: [
        { id: 1, src: 'a/open', dst: 'a/known', port: 80, protocol: 'TCP', http: null },
        { id: 2, src: 'a/known', dst: 'a/open', port: 80, protocol: 'TCP', icmpType: null },
        { id: 3, src: { ip: '192.0.2.1', dns: null }, dst: 'a/open', port: null, protocol: null },
        { id: 3, src: { pod: { namespace: 'a', ...NOTHING } }, dst: 'a/known', protocol: 'UDP' },
        { id: 4, src: 'a/known', dst: { ip: '192.0.2.1' }, port: 80, protocol: 'TCP', reply: null },
      ].map((probe) => ({
        ...probe,
        expect: 'allow',
        directions: { egress: null, ingress: null },
      })),
    },
    { id: 'empty', dataplane: 'cilium', cluster: 'c', policies: null, probes: [] },
  ],
};
