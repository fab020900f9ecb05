import { describe, expect, test } from 'vitest';
import { pathText, type Manifest } from '../../../server/core/manifest.ts';
import { ciliumDialect } from '../../../server/policy/dialects/cilium.ts';
import { ccnp, cnp } from './cilium-world.ts';

const NO_REFERENCES = { byKind: new Map<string, readonly Manifest[]>() };

function faultsOf(manifest: Manifest): readonly string[] {
  const parsed = ciliumDialect.parse(manifest, NO_REFERENCES);
  return parsed.ok ? [] : parsed.faults.map(({ path, message }) => `${pathText(path)} ${message}`);
}

const tcp = (port: unknown, more: Readonly<Record<string, unknown>> = {}) => ({
  toPorts: [{ ports: [{ port, protocol: 'TCP', ...more }] }],
});
const l7 = (rules: unknown, port: Readonly<Record<string, unknown>> = {}) => ({
  toPorts: [{ ports: [{ port: '80', protocol: 'TCP', ...port }], rules }],
});

describe('is refused, with the place:', () => {
  test.each<[string, Manifest, string]>([
    ['no subject', cnp({ endpointSelector: null, egress: [] }), 'spec must have one of'],
    ['two subjects', ccnp({ endpointSelector: {}, nodeSelector: {} }), 'spec must have one of'],
    [
      'a node in a namespace',
      cnp({ endpointSelector: null, nodeSelector: {} }),
      'spec.nodeSelector must not be given',
    ],
    ['no rules', cnp({ ingress: [] }), 'spec must have a rule in one of ingress, ingressDeny'],
    ['no spec', { ...cnp({}), spec: undefined }, 'spec must be given'],
    ['a section that is no list', cnp({ egress: {} }), 'spec.egress must be a list'],
    [
      'two kinds of peers',
      cnp({ egress: [{ toEntities: ['world'], toCIDR: ['10.0.0.0/8'] }] }),
      'spec.egress[0].toCIDR must not stand beside toEntities',
    ],
    [
      'an entity that is none',
      cnp({ egress: [{ toEntities: ['wrold'] }] }),
      'spec.egress[0].toEntities[0] must be one of',
    ],
    [
      'a block that is none',
      cnp({ egress: [{ toCIDR: ['10.0.0.0/33'] }] }),
      'spec.egress[0].toCIDR[0] must be a block',
    ],
    [
      'an address in a set',
      cnp({ egress: [{ toCIDRSet: [{ cidr: '10.0.0.1' }] }] }),
      'spec.egress[0].toCIDRSet[0].cidr must be a block',
    ],
    [
      'an exception from elsewhere',
      cnp({ egress: [{ toCIDRSet: [{ cidr: '10.0.0.0/8', except: ['192.168.0.0/16'] }] }] }),
      'spec.egress[0].toCIDRSet[0].except[0] is not inside 10.0.0.0/8',
    ],
    [
      'a set of two things',
      cnp({ egress: [{ toCIDRSet: [{ cidr: '10.0.0.0/8', cidrGroupRef: 'g' }] }] }),
      'spec.egress[0].toCIDRSet[0] must have one of',
    ],
    [
      'a name with a slash',
      cnp({ egress: [{ toFQDNs: [{ matchName: 'a/b' }] }] }),
      'spec.egress[0].toFQDNs[0].matchName has a character',
    ],
    [
      'a name and a pattern',
      cnp({ egress: [{ toFQDNs: [{ matchName: 'a.b', matchPattern: '*' }] }] }),
      'spec.egress[0].toFQDNs[0] must have one of',
    ],
    [
      'a port that is a number',
      cnp({ egress: [tcp(80)] }),
      'spec.egress[0].toPorts[0].ports[0].port must be text, and is 80',
    ],
    [
      'a port that is too high',
      cnp({ egress: [tcp('65536')] }),
      'spec.egress[0].toPorts[0].ports[0].port must be a port',
    ],
    [
      'a protocol in small letters',
      cnp({ egress: [tcp('80', { protocol: 'tcp' })] }),
      'spec.egress[0].toPorts[0].ports[0].protocol must be one of ANY, TCP',
    ],
    [
      'too many ports',
      cnp({
        egress: [{ toPorts: [{ ports: Array.from({ length: 41 }, () => ({ port: '80' })) }] }],
      }),
      'spec.egress[0].toPorts[0].ports must have at most 40',
    ],
    [
      'ICMP beside ports',
      cnp({ egress: [{ ...tcp('80'), icmps: [{ fields: [{ type: 8 }] }] }] }),
      'spec.egress[0].icmps must not stand beside toPorts',
    ],
    [
      'a type of ICMP that is none',
      cnp({ egress: [{ icmps: [{ fields: [{ type: 'Pong' }] }] }] }),
      'spec.egress[0].icmps[0].fields[0].type is no type of IPv4: "Pong"',
    ],
    [
      'an expression that is none',
      cnp({ egress: [l7({ http: [{ path: '/(' }] })] }),
      'spec.egress[0].toPorts[0].rules.http[0].path is no regular expression',
    ],
    [
      'HTTP on UDP',
      cnp({ egress: [l7({ http: [{}] }, { protocol: 'UDP' })] }),
      'spec.egress[0].toPorts[0].rules must stand beside ports of protocol TCP',
    ],
    [
      'HTTP on every port',
      cnp({ egress: [l7({ http: [{}] }, { port: '0' })] }),
      'spec.egress[0].toPorts[0].rules must not stand beside port 0',
    ],
    [
      'two kinds of requests',
      cnp({ egress: [l7({ http: [{}], kafka: [{}] })] }),
      'spec.egress[0].toPorts[0].rules must be of one kind',
    ],
    [
      'two parsers of one port',
      cnp({ egress: [l7({ http: [{}] }), l7({ kafka: [{}] })] }),
      'spec.egress[1].toPorts[0].rules asks kafka of 80/TCP',
    ],
    [
      'DNS rules for ingress',
      cnp({ ingress: [l7({ dns: [{ matchPattern: '*' }] })] }),
      'spec.ingress[0].toPorts[0].rules.dns must not be given for ingress',
    ],
    [
      'DNS rules on a range',
      cnp({ egress: [l7({ dns: [{ matchPattern: '*' }] }, { endPort: 90 })] }),
      'spec.egress[0].toPorts[0].rules must not stand beside a range',
    ],
    [
      'l7 without its parser',
      cnp({ egress: [l7({ l7: [{}] })] }),
      'spec.egress[0].toPorts[0].rules.l7 must stand beside "l7proto"',
    ],
    [
      'a role with a key',
      cnp({ egress: [l7({ kafka: [{ role: 'produce', apiKey: 'fetch' }] })] }),
      'spec.egress[0].toPorts[0].rules.kafka[0] must not have both',
    ],
    [
      'L7 rules of a node',
      ccnp({ nodeSelector: {}, egress: [l7({ http: [{}] })] }),
      'spec.egress[0].toPorts[0].rules must not be given in a policy of nodes',
    ],
    [
      'server names beside L7 rules',
      cnp({
        egress: [
          {
            toPorts: [
              {
                ports: [{ port: '80', protocol: 'TCP' }],
                serverNames: ['a'],
                rules: { http: [{}] },
              },
            ],
          },
        ],
      }),
      'spec.egress[0].toPorts[0].serverNames must not stand beside L7 rules',
    ],
    [
      'a value of a selector that no label has',
      cnp({
        ingress: [
          {
            fromEndpoints: [
              { matchExpressions: [{ key: 'a', operator: 'In', values: ['b', 'c d'] }] },
            ],
          },
        ],
      }),
      'spec.ingress[0].fromEndpoints[0].matchExpressions[0].values[1] the value "c d" must be',
    ],
    [
      'a mode that is none',
      cnp({ egress: [{ authentication: { mode: 'maybe' } }] }),
      'spec.egress[0].authentication.mode must be one of',
    ],
    [
      'default deny that is no flag',
      cnp({ enableDefaultDeny: { egress: 'no' } }),
      'spec.enableDefaultDeny.egress must be true or false',
    ],
    [
      'a label that is no text',
      cnp({ endpointSelector: { matchLabels: { app: 1 } } }),
      'spec.endpointSelector.matchLabels.app must be text',
    ],
    [
      'a key that is none',
      cnp({ endpointSelector: { matchLabels: { 'k8s:a b': '' } } }),
      'spec.endpointSelector.matchLabels.k8s:a b the key',
    ],
    [
      'an operator that is none',
      cnp({
        endpointSelector: { matchExpressions: [{ key: 'a', operator: 'in', values: ['b'] }] },
      }),
      'spec.endpointSelector.matchExpressions[0].operator must be one of In',
    ],
    [
      'In without values',
      cnp({ endpointSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }),
      'spec.endpointSelector.matchExpressions[0].values must be given for In',
    ],
    [
      'a service without a name',
      cnp({ egress: [{ toServices: [{}] }] }),
      'spec.egress[0].toServices[0] must have one of',
    ],
  ])('%s', (_, manifest, message) => {
    expect(faultsOf(manifest).join('\n')).toContain(message);
  });
});

test('fields that a cluster drops are told, and do not refuse the policy', () => {
  const parsed = ciliumDialect.parse(
    cnp({ egressDeny: [{ toPorts: [{ ports: [{ port: '80' }], rules: { http: [{}] } }] }] }),
    NO_REFERENCES,
  );
  expect(parsed.ok && parsed.policies[0]?.notUnderstood.map(({ path }) => pathText(path))).toEqual([
    'spec.egressDeny[0].toPorts[0].rules',
  ]);
});

describe('evil values end in faults:', () => {
  const EVIL: readonly unknown[] = [
    null,
    0,
    -1,
    '',
    'x',
    true,
    [],
    {},
    [null],
    [[]],
    [{}],
    ['x'],
    [0],
    { x: 1 },
    JSON.parse('{"__proto__": {"a": "b"}, "constructor": 1, "toString": []}'),
    Array.from({ length: 2_000 }, () => ({})),
  ];
  const PATHS: readonly (readonly (string | number)[])[] = [
    ['spec'],
    ['specs'],
    ['spec', 'endpointSelector'],
    ['spec', 'endpointSelector', 'matchLabels'],
    ['spec', 'endpointSelector', 'matchExpressions'],
    ['spec', 'ingress'],
    ['spec', 'egressDeny'],
    ['spec', 'enableDefaultDeny'],
    ...[
      'toEndpoints',
      'toEntities',
      'toCIDR',
      'toCIDRSet',
      'toFQDNs',
      'toServices',
      'toNodes',
      'toGroups',
      'toRequires',
      'toPorts',
      'icmps',
      'authentication',
    ].map((field) => ['spec', 'egress', 0, field]),
    ...['ports', 'rules', 'serverNames', 'listener'].map((field) => [
      'spec',
      'egress',
      0,
      'toPorts',
      0,
      field,
    ]),
    ...['http', 'dns', 'kafka', 'l7', 'l7proto'].map((field) => [
      'spec',
      'egress',
      0,
      'toPorts',
      0,
      'rules',
      field,
    ]),
  ];

  const put = (path: readonly (string | number)[], value: unknown): unknown => {
    const [first, ...rest] = path;
    if (first === undefined) return value;
    return typeof first === 'number' ? [put(rest, value)] : { [first]: put(rest, value) };
  };

  test.each(PATHS.map((path) => [pathText(path), path] as const))('%s', (_, path) => {
    for (const value of EVIL) {
      const manifest = { ...cnp({}), ...(put(path, value) as object) };
      const parsed = ciliumDialect.parse(manifest, NO_REFERENCES);
      expect(parsed.ok ? parsed.policies : parsed.faults).toBeInstanceOf(Array);
    }
  });
});
