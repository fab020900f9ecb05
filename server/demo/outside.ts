/** Addresses outside the clusters. All are from the documentation ranges of RFC 5737 and RFC 3849. */
export type Outsider = {
  readonly addresses: readonly string[];
  /** DNS name by which pods know it. */
  readonly domain?: string;
  /** Label of the policy entry that gave it an identity: `cidr:…` or `fqdn:…`; none is plain `world`. */
  readonly selector?: string;
};

export const OUTSIDE: Readonly<Record<string, Outsider>> = {
  'world/visitors': {
    addresses: Array.from({ length: 40 }, (_, index) => `198.51.100.${10 + index * 3}`),
  },
  'world/visitors-ipv6': {
    addresses: Array.from({ length: 12 }, (_, index) => `2001:db8:40::${(index + 1) * 17}`),
  },
  'world/health-checker': { addresses: ['198.51.100.5'] },
  'world/mail-api': {
    addresses: ['203.0.113.20'],
    domain: 'api.example.com',
    selector: 'fqdn:api.example.com',
  },
  'world/webhooks': {
    addresses: ['203.0.113.31'],
    domain: 'hooks.example.net',
    selector: 'fqdn:hooks.example.net',
  },
  'world/acquirer': {
    addresses: ['203.0.113.44'],
    domain: 'acquirer.example.com',
    selector: 'fqdn:acquirer.example.com',
  },
  'world/backup': {
    addresses: ['203.0.113.80'],
    domain: 'backup.example.net',
    selector: 'fqdn:backup.example.net',
  },
  'world/images': { addresses: ['198.51.100.200'], selector: 'cidr:198.51.100.192/28' },
  'world/tracker': { addresses: ['192.0.2.66'], domain: 'tracking.example.org' },
  'world/ad-server': { addresses: ['192.0.2.140'], domain: 'ads.example.org' },
  'world/time-server': { addresses: ['192.0.2.10'] },
  'world/metadata': { addresses: ['169.254.169.254'], selector: 'cidr:169.254.169.254/32' },
};
