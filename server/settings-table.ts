import { LOG_LEVELS } from './lib/log.ts';

export type SettingRow = {
  readonly key: string;
  /** As commander writes it. */
  readonly flag: string;
  readonly env: string;
  readonly fallback: string;
  readonly about: string;
};

/** Settings with one value. Flag beats environment beats file beats fallback. `docs/settings.md` lists the same. */
export const SETTINGS: readonly SettingRow[] = [
  {
    key: 'data',
    flag: '--data <dir>',
    env: 'DROPWISE_DATA',
    fallback: '',
    about: 'directory of the store; the demo uses a temporary one unless told',
  },
  {
    key: 'host',
    flag: '--host <address>',
    env: 'DROPWISE_HOST',
    fallback: '127.0.0.1',
    about: 'address to listen on; only loopback in this version',
  },
  {
    key: 'port',
    flag: '--port <number>',
    env: 'DROPWISE_PORT',
    fallback: '4280',
    about: 'port to listen on; 0 picks a free one',
  },
  {
    key: 'keep',
    flag: '--keep <duration>',
    env: 'DROPWISE_KEEP',
    fallback: '7d',
    about: 'how long flows are kept, such as 36h or 7d',
  },
  {
    key: 'keepDrops',
    flag: '--keep-drops <duration>',
    env: 'DROPWISE_KEEP_DROPS',
    fallback: '30d',
    about: 'how long dropped, audited and staged-denied flows are kept; at least as long as others',
  },
  {
    key: 'keepCounts',
    flag: '--keep-counts <duration>',
    env: 'DROPWISE_KEEP_COUNTS',
    fallback: '400d',
    about: 'how long policy hits per minute are kept',
  },
  {
    key: 'keepPods',
    flag: '--keep-pods <duration>',
    env: 'DROPWISE_KEEP_PODS',
    fallback: '30d',
    about: 'how long labels and addresses of pods that are gone are kept',
  },
  {
    key: 'maxSize',
    flag: '--max-size <bytes>',
    env: 'DROPWISE_MAX_SIZE',
    fallback: '',
    about:
      'most bytes of the store, such as 50GiB: oldest flows go first, then oldest drops; none unless told',
  },
  {
    key: 'minFree',
    flag: '--min-free <bytes>',
    env: 'DROPWISE_MIN_FREE',
    fallback: '256MiB',
    about:
      'space that stays free on the disk of the store: below it flows are shown and not stored',
  },
  {
    key: 'logLevel',
    flag: '--log-level <level>',
    env: 'DROPWISE_LOG_LEVEL',
    fallback: 'warn',
    about: `one of ${LOG_LEVELS.join(', ')}`,
  },
  {
    key: 'nodeName',
    flag: '--node-name <name>',
    env: 'DROPWISE_NODE_NAME',
    fallback: '',
    about: 'node of flow-log files that do not name theirs',
  },
  {
    key: 'observer',
    flag: '--observer <address>',
    env: 'DROPWISE_OBSERVER',
    fallback: '',
    about: "host:port of Hubble's Observer API over the stored flows; off unless told",
  },
  {
    key: 'observerTlsCert',
    flag: '--observer-tls-cert <file>',
    env: 'DROPWISE_OBSERVER_TLS_CERT',
    fallback: '',
    about: 'its certificate (PEM); turns TLS on',
  },
  {
    key: 'observerTlsKey',
    flag: '--observer-tls-key <file>',
    env: 'DROPWISE_OBSERVER_TLS_KEY',
    fallback: '',
    about: 'key of its certificate (PEM)',
  },
  {
    key: 'observerTlsClientCa',
    flag: '--observer-tls-client-ca <file>',
    env: 'DROPWISE_OBSERVER_TLS_CLIENT_CA',
    fallback: '',
    about: 'CA whose certificates its clients must show (PEM); needed off loopback',
  },
  {
    key: 'demoSeed',
    flag: '--demo-seed <number>',
    env: 'DROPWISE_DEMO_SEED',
    fallback: '1',
    about: 'seed of the demo cluster',
  },
  {
    key: 'demoRate',
    flag: '--demo-rate <number>',
    env: 'DROPWISE_DEMO_RATE',
    fallback: '40',
    about: 'flows a second of the demo cluster',
  },
];

export const CONFIG_SETTING: SettingRow = {
  key: 'config',
  flag: '--config <file>',
  env: 'DROPWISE_CONFIG',
  fallback: '',
  about: 'settings file (YAML)',
};
