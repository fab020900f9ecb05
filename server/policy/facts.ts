/**
 * What is known of a cluster and of one connection in it. Throughout, `undefined` means that a fact is not known, and
 * an empty list or text that it is known to be absent: nothing is ever assumed.
 */

/** Labels of an object. Where they are not `complete`, a key that is missing may be there all the same. */
export type Labels = {
  readonly known: ReadonlyMap<string, string>;
  readonly complete: boolean;
};

export type NamedPort = {
  readonly name: string;
  readonly port: number;
  /** `TCP`, `UDP`, `SCTP`. */
  readonly protocol: string;
};

export type PodParty = {
  readonly kind: 'pod';
  readonly namespace: string;
  /** Empty where the record names a workload only. */
  readonly name: string;
  readonly labels: Labels;
  readonly ips: readonly string[];
  readonly ports: readonly NamedPort[] | undefined;
  readonly node: string | undefined;
  readonly hostNetwork: boolean | undefined;
  readonly serviceAccount: string | undefined;
};

/** A node's own network, with the pods that share it. */
export type NodeParty = {
  readonly kind: 'node';
  readonly name: string;
  readonly labels: Labels;
  readonly ips: readonly string[];
};

/** Outside the cluster. */
export type AddressParty = {
  readonly kind: 'address';
  readonly ip: string;
  /** DNS names that the other end had resolved to the address when it connected. */
  readonly names: readonly string[] | undefined;
  readonly apiServer: boolean;
  /** Calico: the network set that it is in, where the record names that in place of the address, which is empty then. */
  readonly set?: { readonly namespace: string; readonly name: string };
};

/** Known by Cilium's word only: `ingress`, `health`, `init`, `unmanaged`, `host`, `remote-node`, … */
export type ReservedParty = {
  readonly kind: 'reserved';
  readonly entity: string;
  readonly ip: string | undefined;
};

/** An address that may be a pod's that is gone, or outside. */
export type UnresolvedParty = {
  readonly kind: 'unresolved';
  readonly ip: string;
  /** It is weighed as the pod that it may have been, of which nothing is known. */
  readonly takenAs?: 'pod';
};

export type Party = PodParty | NodeParty | AddressParty | ReservedParty | UnresolvedParty;

export type ServiceFacts = {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly clusterIps: readonly string[];
  /** `undefined`: it has no selector, and `endpoints` says where it leads. */
  readonly selector: ReadonlyMap<string, string> | undefined;
  readonly endpoints: readonly string[];
  readonly ports: readonly {
    readonly port: number;
    /** Number or name at the pod. */
    readonly targetPort: number | string;
    readonly protocol: string;
  }[];
};

export type HttpRequest = {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly host: string | undefined;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string> | undefined;
};

/** One new connection, or the request in it that is judged. */
export type Connection = {
  readonly client: Party;
  readonly server: Party;
  /** The addresses that were used, where the ends have several; `undefined` when not known. */
  readonly clientIp: string | undefined;
  readonly serverIp: string | undefined;
  /** `TCP`, `UDP`, `SCTP`, `ICMP`, `ICMPv6`, another name in upper case, or a number; empty when not known. */
  readonly protocol: string;
  /** At the server, behind services. Not known, or none as in ICMP: `undefined`. */
  readonly port: number | undefined;
  /** At the client. */
  readonly sourcePort: number | undefined;
  readonly icmp: { readonly type: number; readonly code: number | undefined } | undefined;
  readonly http: HttpRequest | undefined;
  /** Name that was asked for. */
  readonly dns: string | undefined;
  readonly kafka:
    { readonly apiKey: string; readonly topic: string; readonly clientId: string } | undefined;
  /** Server name of TLS. */
  readonly sni: string | undefined;
  /** Cilium: whether both ends had authenticated each other; `undefined`: not known. */
  readonly authenticated?: boolean;
};

/**
 * A packet that is judged: its sender stands as the client. A reply is judged as its connection, with the ends put
 * round; where the record does not say whether it is one, both ways.
 */
export type Judged = { readonly connection: Connection; readonly reply: 'no' | 'yes' | 'unknown' };

export type Dataplane = 'kubernetes' | 'cilium' | 'calico' | 'azure-npm';

/** Settings of the agents. `undefined`: not known. Those that no dataplane but one has are ignored by the others. */
export type DataplaneSettings = {
  readonly policyEnforcementMode: 'default' | 'always' | 'never' | undefined;
  readonly policyCidrMatchMode: readonly string[];
  readonly hostFirewall: boolean;
  readonly nodeSelectorLabels: boolean;
  /** Cilium enforces ClusterNetworkPolicy. */
  readonly clusterNetworkPolicy: boolean;
  readonly clusterName: string;
};

/** A snapshot of a cluster without its policies. */
export type ClusterFacts = {
  /** Labels besides `kubernetes.io/metadata.name`, which every namespace has. */
  readonly namespaces: ReadonlyMap<string, Labels>;
  /** By `namespace/name`. Objects are the same ones that connections name, so that answers are kept by object. */
  readonly pods: ReadonlyMap<string, PodParty>;
  readonly nodes: ReadonlyMap<string, NodeParty>;
  readonly services: readonly ServiceFacts[];
  /** By `namespace/name`. */
  readonly serviceAccounts: ReadonlyMap<string, Labels>;
  /** What the DNS proxies have answered: name → addresses, for every client; `undefined`: not recorded. */
  readonly dns: ReadonlyMap<string, readonly string[]> | undefined;
  readonly apiServerIps: readonly string[];
};
