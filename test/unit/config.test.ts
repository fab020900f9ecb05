import { writeFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadSettings } from '../../server/config.ts';

function fileOf(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'dropwise-config-')), 'dropwise.yaml');
  writeFileSync(path, text);
  return path;
}

describe('settings', () => {
  test('a flag beats the environment, which beats the file, which beats the default', () => {
    const config = fileOf('port: 1\nhost: localhost\nkeep: 1d\n');
    const settings = loadSettings(
      { config, port: '3' },
      { DROPWISE_PORT: '2', DROPWISE_HOST: '::1' },
    );
    expect(settings).toMatchObject({ port: 3, host: '::1', keep: 86_400_000, logLevel: 'warn' });
  });

  test('each class of what is kept has a limit of its own, and a store has none of size unless told', () => {
    expect(loadSettings({}, {})).toMatchObject({
      ...{ keep: 7 * 86_400_000, keepDrops: 30 * 86_400_000, keepCounts: 400 * 86_400_000 },
      maxSize: undefined,
    });
    expect(loadSettings({ maxSize: '50GiB' }, {}).maxSize).toBe(50 * 2 ** 30);
  });

  test('sources come from the file, the environment and the flags, with TLS where it is given', () => {
    const config = fileOf(
      'sources:\n  - { kind: calico-file, path: /var/log/flows.log, node: n1 }\n',
    );
    const { sources } = loadSettings(
      { config, hubbleFile: ['/a', '/b'], hubbleTlsCa: 'ca.crt' },
      { DROPWISE_HUBBLE_RELAY: 'east=localhost:4245, localhost:4246' },
    );
    expect(sources).toEqual([
      { kind: 'calico-file', path: '/var/log/flows.log', node: 'n1' },
      { kind: 'hubble-relay', name: 'east', address: 'localhost:4245', tls: { ca: 'ca.crt' } },
      { kind: 'hubble-relay', address: 'localhost:4246', tls: { ca: 'ca.crt' } },
      { kind: 'hubble-file', path: '/a' },
      { kind: 'hubble-file', path: '/b' },
    ]);
  });

  test('Goldmane and its push sink are sources, each with TLS of its own', () => {
    const given = {
      ...{ goldmane: ['dev=localhost:7443'], goldmanePush: ['0.0.0.0:4443'], hubbleTlsCa: 'h.crt' },
      ...{ goldmaneTlsCa: 'ca.crt', goldmaneTlsServerName: 'goldmane.calico-system.svc' },
      ...{ goldmanePushTlsCert: 's.crt', goldmanePushTlsKey: 's.key' },
    };
    const { sources } = loadSettings(given, { DROPWISE_GOLDMANE_PUSH_TLS_CLIENT_CA: 'c.crt' });
    expect(sources).toEqual([
      {
        ...{ kind: 'goldmane', name: 'dev', address: 'localhost:7443' },
        tls: { ca: 'ca.crt', serverName: 'goldmane.calico-system.svc' },
      },
      {
        ...{ kind: 'goldmane-push', listen: '0.0.0.0:4443' },
        tls: { cert: 's.crt', key: 's.key', clientCa: 'c.crt' },
      },
    ]);
  });

  test('a push sink that lets in everybody, and an address that is none, are refused with words', () => {
    expect(() => loadSettings({ goldmanePush: ['0.0.0.0:4443'] }, {})).toThrow(
      /needs cert, key and clientCa/,
    );
    expect(() => loadSettings({ goldmane: ['unix:/run/x'] }, {})).toThrow(/--goldmane: .*7443/);
    expect(() => loadSettings({}, { DROPWISE_GOLDMANE_PUSH: '4443' })).toThrow(
      /DROPWISE_GOLDMANE_PUSH: .*to listen on/,
    );
  });

  test('inventory comes from the file, the environment and the flags, each with its cluster', () => {
    const config = fileOf(
      'inventory:\n  - { kind: manifests, path: /srv/policies, cluster: east }\n',
    );
    const { inventory } = loadSettings(
      { config, policies: ['west=/srv/a=b.yaml', '/srv/c'], kubernetes: true },
      { KUBECONFIG: '/k' },
    );
    expect(inventory).toEqual([
      { kind: 'manifests', path: '/srv/policies', cluster: 'east' },
      { kind: 'kubernetes', kubeconfig: '/k' },
      { kind: 'manifests', path: '/srv/a=b.yaml', cluster: 'west' },
      { kind: 'manifests', path: '/srv/c' },
    ]);
    const pod = { DROPWISE_KUBERNETES: 'east=in-cluster, arn:aws:eks:eu:1:cluster/x' };
    expect(
      loadSettings({}, { ...pod, KUBECONFIG: '/k', KUBERNETES_SERVICE_HOST: '10.0.0.1' }).inventory,
    ).toEqual([
      { kind: 'kubernetes', context: 'in-cluster', cluster: 'east', kubeconfig: '/k' },
      { kind: 'kubernetes', context: 'arn:aws:eks:eu:1:cluster/x', kubeconfig: '/k' },
    ]);
    expect(() => loadSettings({}, pod)).toThrow(/in-cluster.*KUBERNETES_SERVICE_HOST/);
  });

  test('sockets of agents are sources like relays, and no TLS is asked of them', () => {
    const hubbleRelay = ['node-1=unix:/run/a=b.sock', 'unix:/run/c=d.sock', 'east=[::1]:4245'];
    const { sources } = loadSettings({ hubbleRelay, hubbleTlsCa: 'ca.crt' }, {});
    expect(sources).toEqual([
      { kind: 'hubble-relay', name: 'node-1', address: 'unix:/run/a=b.sock' },
      { kind: 'hubble-relay', address: 'unix:/run/c=d.sock' },
      { kind: 'hubble-relay', name: 'east', address: '[::1]:4245', tls: { ca: 'ca.crt' } },
    ]);
  });

  test.each([
    ['port: 70000', /port: .*--port <number>, DROPWISE_PORT/],
    ['keep: soon', /keep: .*'soon'.*--keep/],
    ['maxSize: 5MB', /maxSize: .*'5MB'.*--max-size/],
    ['maxSize: a lot', /maxSize: .*'a lot'.*--max-size/],
    ['colour: blue', /colour/],
    ['sources: [{ kind: hubble-relay }]', /sources\.0\.address/],
    ['sources: { kind: hubble-relay, address: a }', /sources: .*array/],
    ['- 1', /must hold a mapping/],
    ['a: [', /cannot be read/],
  ])('%j is refused, and the message names the setting', (text, message) => {
    expect(() => loadSettings({ config: fileOf(text) }, {})).toThrow(message);
  });

  test.each([
    'east',
    'east=host',
    'host:',
    ':4245',
    'http://host:80',
    'host:0',
    'host:70000',
    '::1:1',
  ])('a relay at %j is refused with what is expected, wherever it is set', (given) => {
    const address = given.replace('east=', '');
    const expected = `'${address}' is no host:port. Give for example localhost:4245`;
    const config = fileOf(`sources: [{ kind: hubble-relay, address: '${address}' }]`);
    expect(() => loadSettings({ hubbleRelay: [given] }, {})).toThrow(`--hubble-relay: ${expected}`);
    expect(() => loadSettings({}, { DROPWISE_HUBBLE_RELAY: given })).toThrow(
      `DROPWISE_HUBBLE_RELAY: ${expected}`,
    );
    expect(() => loadSettings({ config }, {})).toThrow(`sources.0.address: ${expected}`);
  });

  test.each([
    '10.0.0.1:4245',
    '[::1]:4245',
    'hubble-relay.kube-system.svc:80',
    'unix:///run/hubble.sock',
  ])('a relay at %s is taken as it is', (address) => {
    const { sources } = loadSettings({ hubbleRelay: [`east=${address}`] }, {});
    expect(sources).toEqual([{ kind: 'hubble-relay', name: 'east', address }]);
  });

  test('an empty environment variable counts as absent', () => {
    expect(
      loadSettings({}, { DROPWISE_PORT: '', DROPWISE_DATA: '', DROPWISE_CONFIG: '' }),
    ).toMatchObject({
      port: 4_280,
      sources: [],
    });
  });
});
