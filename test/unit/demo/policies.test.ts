import { describe, expect, test } from 'vitest';
import { createCalicoLog } from '../../../server/demo/calico-lines.ts';
import type { Decision, Edge } from '../../../server/demo/edge.ts';
import { EAST, WEST } from '../../../server/demo/inventory.ts';
import { SCRIPT } from '../../../server/demo/script.ts';
import { EAST_TRAFFIC, policiesNamed } from '../../../server/demo/traffic.ts';
import { manifestKey, readManifests, type DemoManifest } from './manifests.ts';
import { policyKey, reckon, type Side } from './reckon.ts';

const east = readManifests('east-');
const west = readManifests('west-');

const describeEdge = ({ from, to, port }: Edge, side: Side): string =>
  `${from} → ${to}:${port} ${side}`;

/** What the table says, in the words of the reckoning. Audited edges would be dropped by default. */
const inWords = (decision: Decision | undefined): string => {
  if (decision === undefined) return 'unpoliced';
  switch (decision.kind) {
    case 'audit':
    case 'default-deny':
      return 'default-deny';
    case 'authenticate':
      return `allow ${policyKey(decision.by)} authenticated`;
    case 'deny':
      return `deny ${policyKey(decision.by)}`;
    case 'allow':
      return `allow ${policyKey(decision.by)}${decision.proxied ? ' proxied' : ''}`;
  }
};

const reckonedInWords = (edge: Edge, side: Side, manifests: readonly DemoManifest[]): string => {
  const reckoned = reckon(edge, side, manifests);
  if (reckoned.kind === 'unpoliced' || reckoned.kind === 'default-deny') return reckoned.kind;
  const { kind, by, proxied, authenticated } = reckoned;
  return `${kind} ${by.join(', ')}${proxied ? ' proxied' : ''}${authenticated ? ' authenticated' : ''}`;
};

/** A fault loses the packet before policy is told, so its edge names nothing. */
const decided = EAST_TRAFFIC.filter(({ fault }) => fault === undefined);

describe('the policies of demo-east', () => {
  test('every policy that traffic names is a manifest, and every manifest is named by traffic', () => {
    const named = new Set(policiesNamed(EAST_TRAFFIC).map(policyKey));

    expect([...named].sort()).toEqual(east.map(manifestKey).sort());
  });

  test('the traffic table says what the manifests decide', () => {
    const told: Record<string, string> = {};
    const reckoned: Record<string, string> = {};
    for (const edge of decided) {
      for (const side of ['egress', 'ingress'] as const) {
        // Egress that is refused never reaches the other side.
        if (
          side === 'ingress' &&
          (edge.egress?.kind === 'default-deny' || edge.egress?.kind === 'deny')
        )
          continue;
        told[describeEdge(edge, side)] = inWords(edge[side]);
        reckoned[describeEdge(edge, side)] = reckonedInWords(edge, side, east);
      }
    }

    expect(told).toEqual(reckoned);
  });

  test('an incident decides what its manifest decides', () => {
    const edited = readManifests('', 'incidents');
    const names = new Set(edited.map(manifestKey));
    const during = [...east.filter((manifest) => !names.has(manifestKey(manifest))), ...edited];
    const hit = decided.flatMap((edge) =>
      edge.during !== undefined && edge.during.factor > 0 ? [{ edge, ...edge.during }] : [],
    );

    expect(SCRIPT.flatMap(({ manifest }) => manifest ?? []).sort()).toEqual([
      'incidents/batch-jobs.yaml',
      'incidents/redis-ingress.yaml',
    ]);
    expect(hit).toHaveLength(3);
    for (const { edge, side, decision } of hit) {
      expect([describeEdge(edge, side), inWords(decision)]).toEqual([
        describeEdge(edge, side),
        reckonedInWords(edge, side, during),
      ]);
    }
    for (const edge of decided) {
      for (const side of ['egress', 'ingress'] as const) {
        if (edge.during?.side === side || (edge.during?.factor ?? 1) === 0) continue;
        expect(reckonedInWords(edge, side, during)).toBe(reckonedInWords(edge, side, east));
      }
    }
  });

  test('HTTP answers 403 exactly where no HTTP rule allows the request', () => {
    for (const edge of decided.filter(({ http }) => http !== undefined)) {
      const by = edge.ingress?.kind === 'allow' ? policyKey(edge.ingress.by) : '';
      const rules = (
        east.find((manifest) => manifestKey(manifest) === by)?.spec.ingress ?? []
      ).flatMap(({ toPorts = [] }) => toPorts.flatMap((ports) => ports.rules?.http ?? []));
      for (const { method, path, status } of edge.http ?? []) {
        const allowed = rules.some(
          (rule) => rule.method === method && new RegExp(`^${rule.path}$`).test(path),
        );
        expect([method, path, status === 403]).toEqual([method, path, !allowed]);
      }
    }
  });
});

describe('the policies of demo-west', () => {
  const hits = new Set(
    createCalicoLog(1)
      .linesOf({ from: 1_800_000_000, to: 1_800_000_600 })
      .flatMap(
        (line) =>
          (JSON.parse(line) as { policies: { all_policies: string[] } }).policies.all_policies,
      )
      .map((hit) => hit.split('|')[2] ?? '')
      .filter((name) => !name.startsWith('pro:')),
  );
  const PREFIX: Record<string, string> = {
    GlobalNetworkPolicy: 'gnp:',
    StagedNetworkPolicy: 'snp:',
    NetworkPolicy: 'np:',
  };
  const policies = west.filter(({ kind }) => kind in PREFIX);
  const inHit = (manifest: DemoManifest): string => {
    const { namespace, name } = manifest.metadata;
    const isKubernetes = manifest.spec.podSelector !== undefined;
    return `${isKubernetes ? 'knp:' : (PREFIX[manifest.kind] ?? '')}${namespace === undefined ? '' : `${namespace}/`}${name}`;
  };

  test('every policy in the flow log is a manifest, and only legacy/legacy-allow is never in it', () => {
    expect([...hits].sort()).toEqual(
      policies
        .map(inHit)
        .filter((name) => name !== 'knp:legacy/legacy-allow')
        .sort(),
    );
    expect(policies.map(inHit)).toContain('knp:legacy/legacy-allow');
  });
});

test('the demo has 12 namespaces and 60 workloads', () => {
  const all = [...EAST, ...WEST];

  expect(new Set(all.map(({ namespace }) => namespace)).size).toBe(12);
  expect(all).toHaveLength(60);
});
