import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { pathText, type Manifest } from '../../../server/core/manifest.ts';
import { ciliumDialect } from '../../../server/policy/dialects/cilium.ts';
import { sampleNames, samplePath } from '../../support/samples.ts';
import { manifestsOf } from './cilium-world.ts';

/** Rules by way as they are read; and what a cluster would say against a file. */
const ACCEPTED: Readonly<Record<string, readonly [ingress: number, egress: number]>> = {
  'aks-fqdn-l7': [0, 4],
  'allow-all-except-world': [2, 3],
  'allow-ingress-specific-ns-ccnp': [1, 0],
  cidr: [0, 2],
  'client-egress-l7-http-method-port-range': [0, 1],
  'client-egress-to-echo-named-port-deny': [1, 0],
  'cross-cluster': [0, 1],
  dns: [0, 2],
  'echo-ingress-mutual-authentication': [1, 0],
  'egress-deny': [0, 2],
  icmp: [0, 1],
  'kafka-role': [1, 0],
  'lock-down-dev-vms': [8, 10],
  'metrics-default-deny-off': [1, 0],
  // The condition on all peers; the rule itself admits nobody.
  requires: [1, 0],
};

const nameOf = (file: string): string => file.replace('policies/cilium-', '').replace('.yaml', '');

const FILES = sampleNames('policies').filter((name) => name.includes('/cilium-'));

test('every sample is in the table', () => {
  expect(FILES.map(nameOf).toSorted()).toEqual(Object.keys(ACCEPTED).toSorted());
});

test.each(FILES)('%s is accepted as a whole', (file) => {
  const [manifest, ...others] = manifestsOf(readFileSync(samplePath(file), 'utf8'));
  expect(others).toEqual([]);
  const parsed = ciliumDialect.parse(manifest as Manifest, { byKind: new Map() });
  if (!parsed.ok)
    throw new Error(
      parsed.faults.map(({ path, message }) => `${pathText(path)} ${message}`).join('\n'),
    );
  const [policy] = parsed.policies;
  expect(parsed.policies).toHaveLength(1);
  expect(policy?.notUnderstood).toEqual([]);
  expect([policy?.rules.ingress.length, policy?.rules.egress.length]).toEqual(
    ACCEPTED[nameOf(file)],
  );
});
