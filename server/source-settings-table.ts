import type { SettingRow } from './settings-table.ts';

/** Settings that name sources; each may be given several times, in the environment separated by commas. */
export const SOURCE_SETTINGS: readonly SettingRow[] = [
  {
    key: 'hubbleRelay',
    flag: '--hubble-relay <address...>',
    env: 'DROPWISE_HUBBLE_RELAY',
    fallback: '',
    about: 'Hubble Relay or agent as host:port or unix:/path, or either after name=',
  },
  {
    key: 'hubbleFile',
    flag: '--hubble-file <path...>',
    env: 'DROPWISE_HUBBLE_FILE',
    fallback: '',
    about: 'Hubble exporter file or glob to follow',
  },
  {
    key: 'calicoFile',
    flag: '--calico-file <path...>',
    env: 'DROPWISE_CALICO_FILE',
    fallback: '',
    about: 'Calico Enterprise or Cloud flow-log file or glob to follow',
  },
  {
    key: 'goldmane',
    flag: '--goldmane <address...>',
    env: 'DROPWISE_GOLDMANE',
    fallback: '',
    about: 'Goldmane of open-source Calico as host:port, or that after name=',
  },
  {
    key: 'goldmanePush',
    flag: '--goldmane-push <address...>',
    env: 'DROPWISE_GOLDMANE_PUSH',
    fallback: '',
    about: "host:port to listen on for what Goldmane's emitter pushes, or that after name=",
  },
];

/** TLS for the sources that flags and environment name; sources in the file carry their own. */
export const TLS_SETTINGS: readonly SettingRow[] = [
  {
    key: 'hubbleTlsCa',
    flag: '--hubble-tls-ca <file>',
    env: 'DROPWISE_HUBBLE_TLS_CA',
    fallback: '',
    about: 'CA certificates of the relays (PEM); turns TLS on',
  },
  {
    key: 'hubbleTlsCert',
    flag: '--hubble-tls-cert <file>',
    env: 'DROPWISE_HUBBLE_TLS_CERT',
    fallback: '',
    about: 'client certificate for mTLS (PEM)',
  },
  {
    key: 'hubbleTlsKey',
    flag: '--hubble-tls-key <file>',
    env: 'DROPWISE_HUBBLE_TLS_KEY',
    fallback: '',
    about: 'key of the client certificate (PEM)',
  },
  {
    key: 'hubbleTlsServerName',
    flag: '--hubble-tls-server-name <name>',
    env: 'DROPWISE_HUBBLE_TLS_SERVER_NAME',
    fallback: '',
    about: 'name to expect in the certificate, usually ui.hubble-relay.cilium.io',
  },
  {
    key: 'goldmaneTlsCa',
    flag: '--goldmane-tls-ca <file>',
    env: 'DROPWISE_GOLDMANE_TLS_CA',
    fallback: '',
    about: "CA certificates of Goldmane (PEM), the cluster's tigera-ca-bundle.crt",
  },
  {
    key: 'goldmaneTlsCert',
    flag: '--goldmane-tls-cert <file>',
    env: 'DROPWISE_GOLDMANE_TLS_CERT',
    fallback: '',
    about: 'client certificate for Goldmane (PEM), which always asks for one',
  },
  {
    key: 'goldmaneTlsKey',
    flag: '--goldmane-tls-key <file>',
    env: 'DROPWISE_GOLDMANE_TLS_KEY',
    fallback: '',
    about: 'key of that certificate (PEM)',
  },
  {
    key: 'goldmaneTlsServerName',
    flag: '--goldmane-tls-server-name <name>',
    env: 'DROPWISE_GOLDMANE_TLS_SERVER_NAME',
    fallback: '',
    about: "name to expect in Goldmane's certificate, usually goldmane.calico-system.svc",
  },
  {
    key: 'goldmanePushTlsCert',
    flag: '--goldmane-push-tls-cert <file>',
    env: 'DROPWISE_GOLDMANE_PUSH_TLS_CERT',
    fallback: '',
    about: 'certificate of the push sink (PEM)',
  },
  {
    key: 'goldmanePushTlsKey',
    flag: '--goldmane-push-tls-key <file>',
    env: 'DROPWISE_GOLDMANE_PUSH_TLS_KEY',
    fallback: '',
    about: 'key of that certificate (PEM)',
  },
  {
    key: 'goldmanePushTlsClientCa',
    flag: '--goldmane-push-tls-client-ca <file>',
    env: 'DROPWISE_GOLDMANE_PUSH_TLS_CLIENT_CA',
    fallback: '',
    about: 'CA whose certificates those who push must show (PEM)',
  },
];
