/**
 * What the records of a kind of source never tell, in words for a person who wonders why something is not there. Only
 * what no setting of this program can change.
 */
export const SOURCE_LIMITS = {
  'hubble-relay': [],
  'hubble-file': [],
  'calico-file': [],
  import: [],
  goldmane: [
    'no addresses and no source ports',
    'no pods, only the name that pods of one owner share',
    'no node, and no traffic of hosts as they report it',
  ],
  'goldmane-push': [
    'no addresses and no source ports',
    'no pods, only the name that pods of one owner share',
    'no node, and no traffic of hosts as they report it',
    'counts of five minutes at once',
  ],
  retina: [
    'no policy and no rule: Azure NPM tells nobody which one let traffic through or stopped it',
    'no policy verdicts, so no hit is reported; hits are evaluated from what it drops and lets through',
    'a drop by policy is a drop by any iptables rule: one of Azure NPM, of kube-proxy or of the host',
    'drops have a few reasons only and always say ingress, whichever way the traffic went',
    'no workloads, only pods and their labels; no names of services',
    'whether a packet was a reply is not told for drops, and not reliably for others',
    'sampled and aggregated by its own settings, so counts are a lower bound',
  ],
} as const satisfies Readonly<Record<string, readonly string[]>>;
