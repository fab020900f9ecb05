import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runDropwise } from '../support/dropwise.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const CASES = join(import.meta.dirname, '../fixtures/conformance/flow-records.json');

type WrittenFile = {
  format: string;
  cases: { id: string; cluster: string; probes: { id: number; expect: string; port?: number }[] }[];
};
const writtenCases = (): WrittenFile => JSON.parse(readFileSync(CASES, 'utf8')) as WrittenFile;

describe('dropwise policy test', () => {
  test('ends with 0 where every answer is the expected one, open ones too', async () => {
    const { code, stdout } = await runDropwise(['policy', 'test', CASES, '--output', 'json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      passed: 15,
      failed: 0,
      undecided: 0,
      mismatches: [],
    });
  });

  test('shows what differs and why, and ends with 1', async () => {
    await using directory = await temporaryDirectory();
    const file = writtenCases();
    const [open, , reply] = file.cases;
    if (open?.probes[0] === undefined || reply?.probes[0] === undefined) throw new Error('cases');
    open.probes[0].expect = 'allow';
    reply.probes[0].expect = 'deny';
    const path = join(directory.path, 'wrong.json');
    writeFileSync(path, JSON.stringify(file));

    const table = await runDropwise(['policy', 'test', CASES, path]);
    const json = await runDropwise(['policy', 'test', path, '-o', 'json']);

    expect(table.code).toBe(1);
    expect(table.stderr).toContain('2 of 30 answers');
    expect(table.stdout).toContain('record-reply#1: shop/cart → shop/redis 6379/TCP');
    expect(table.stdout).toContain('  - expected  deny\n  + got       allow\n');
    expect(table.stdout).toContain('k8s:NetworkPolicy/shop/redis-from-cart spec.ingress[0]');
    expect(table.stdout).toContain('whether 10.0.7.7 was a pod');
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      passed: 13,
      failed: 1,
      undecided: 1,
      mismatches: [
        { case: 'record-unresolved-source', probe: '1', actual: 'undetermined' },
        { case: 'record-reply', probe: '1', expected: 'deny', actual: 'allow' },
      ],
    });
  });

  test.each<[string, (file: WrittenFile) => unknown, string]>([
    ['another format', (file) => ({ ...file, format: 'netpol-conformance/2' }), 'another format'],
    ['an unknown cluster', (file) => ({ ...file, clusters: {} }), 'which is not there'],
    ['no cases', ({ format }) => ({ format, clusters: {} }), 'cases'],
  ])('refuses %s with exit code 2 and the reason', async (_, change, reason) => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'bad.json');
    writeFileSync(path, JSON.stringify(change(writtenCases())));
    const { code, stderr } = await runDropwise(['policy', 'test', CASES, path]);
    expect(code).toBe(2);
    expect(stderr).toContain(path);
    expect(stderr).toContain(reason);
  });

  test('a file that is not there has exit code 2', async () => {
    const { code, stderr } = await runDropwise(['policy', 'test', '/no/such/cases.json']);
    expect(code).toBe(2);
    expect(stderr).toContain('/no/such/cases.json');
  });
});

const POLICY = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web, namespace: shop }
spec:
  podSelector: { matchLabels: { app: web } }
`;

describe('dropwise policy check', () => {
  test('names what a cluster would refuse with file, line and reason, and ends with 1', async () => {
    await using directory = await temporaryDirectory();
    mkdirSync(join(directory.path, 'shop'));
    writeFileSync(
      join(directory.path, 'shop/web.yaml'),
      `${POLICY}  ingress:\n    - ports:\n        - port: 8080\n          endPort: 80\n`,
    );
    writeFileSync(join(directory.path, 'good.yaml'), POLICY);
    const { code, stdout, stderr } = await runDropwise(['policy', 'check', directory.path]);
    expect(code).toBe(1);
    const at = join(directory.path, 'shop/web.yaml');
    expect(stdout).toContain(
      `${at}:9: refused: spec.ingress[0].ports[0].endPort must not be below port, and is 80 for 8080`,
    );
    expect(stdout).toContain('1 valid, 1 refused');
    expect(stderr).toContain('1 of 2 objects');
  });

  test('tells rules that do nothing, and policies that select no pod of the files', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'shop.yaml');
    const deployment = `---
apiVersion: apps/v1
kind: Deployment
metadata: { name: cart, namespace: shop }
spec: { template: { metadata: { labels: { app: cart } } } }
`;
    const rules = `  ingress:
    - from: [{ podSelector: {} }]
    - from: [{ podSelector: {} }]
      ports: [{ port: 80 }]
`;
    writeFileSync(path, POLICY + rules + deployment);
    const { code, stdout } = await runDropwise(['policy', 'check', path]);
    expect(code).toBe(0);
    expect(stdout).toContain(
      `${path}:8: note: spec.ingress[1] adds nothing: spec.ingress[0] matches all of it`,
    );
    expect(stdout).toContain('selects none of the 1 pods in these files');
    expect(stdout).toContain('1 valid, 0 refused; 1 objects are no policies');
  });

  test.each([
    ['an alias bomb (fault 31)', `${POLICY}  ingress: &a [${'*a, '.repeat(500)}]\n`, 'alias'],
    [
      'aliases that multiply (fault 31)',
      `a: &a [1,1,1,1,1,1,1,1,1]\n${Array.from({ length: 8 }, (_, at) => {
        const [name, from] = ['bcdefghi'[at], 'abcdefgh'[at]];
        return `${name}: &${name} [${Array(9).fill(`*${from}`).join(',')}]\n`;
      }).join('')}`,
      'alias',
    ],
    ['a tag of JavaScript (fault 32)', `${POLICY}  ingress: !!js/function 'x => x'\n`, 'tag'],
    ['duplicate keys (fault 32)', `${POLICY}  ingress: []\n  ingress: []\n`, 'unique'],
  ])('%s is refused with its line', async (_, text, reason) => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'evil.yaml');
    writeFileSync(path, text);
    const { code, stdout } = await runDropwise(['policy', 'check', path]);
    expect(code).toBe(1);
    expect(stdout).toMatch(new RegExp(`evil\\.yaml:\\d+: refused: .*${reason}`, 'i'));
  });

  test('a path without manifests has exit code 2', async () => {
    const { code, stderr } = await runDropwise(['policy', 'check', '/no/such/folder']);
    expect(code).toBe(2);
    expect(stderr).toContain('/no/such/folder');
  });
});
