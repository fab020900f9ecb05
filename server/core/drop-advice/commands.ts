/** A command to run by hand. `{…}` are filled from a drop where it says them (`fill.ts`). */
export type AdviceCommand = { readonly about: string; readonly run: string };

const AGENT_POD =
  '"$(kubectl -n kube-system get pod -l k8s-app=cilium --field-selector spec.nodeName={node} -o name)"';
/** Runs in the Cilium agent of the node that reported; the agent shares the node's network. */
const agent = (command: string): string =>
  `kubectl -n kube-system exec ${AGENT_POD} -c cilium-agent -- ${command}`;
const onNode = (command: string): string =>
  `kubectl debug node/{node} -it --profile=sysadmin --image=busybox -- chroot /host ${command}`;

export const COMMANDS = {
  watch: {
    about: 'watch drops on the node as they happen',
    run: agent('cilium-dbg monitor --type drop'),
  },
  status: { about: "health of the node's agent", run: agent('cilium-dbg status --verbose') },
  logs: {
    about: "recent log of the node's agent",
    run: `kubectl -n kube-system logs ${AGENT_POD} -c cilium-agent --since 15m`,
  },
  config: {
    about: "Cilium's settings",
    run: 'kubectl -n kube-system get configmap cilium-config -o yaml',
  },
  endpoints: {
    about: 'endpoints on the node and their state',
    run: agent('cilium-dbg endpoint list'),
  },
  endpoint: {
    about: 'identity and state of the pod',
    run: 'kubectl -n {namespace} get ciliumendpoints {pod} -o yaml',
  },
  pod: { about: 'the pod and its events', run: 'kubectl -n {namespace} describe pod {pod}' },
  podBySource: {
    about: 'which pod has the source address now',
    run: 'kubectl get pods -A -o wide --field-selector status.podIP={sourceIp}',
  },
  podByDestination: {
    about: 'which pod has the destination address now',
    run: 'kubectl get pods -A -o wide --field-selector status.podIP={destinationIp}',
  },
  ipcacheSource: {
    about: 'identity that the node knows for the source address',
    run: agent('cilium-dbg bpf ipcache get {sourceIp}'),
  },
  ipcacheDestination: {
    about: 'identity and node that the node knows for the destination address',
    run: agent('cilium-dbg bpf ipcache get {destinationIp}'),
  },
  connections: {
    about: "the source's tracked connections (newer versions refuse the word global: leave it out)",
    run: `${agent('cilium-dbg bpf ct list global')} | grep -F {sourceIp}`,
  },
  tables: {
    about: "how full the datapath's tables are",
    run: agent('cilium-dbg metrics list --match-pattern bpf_map_pressure'),
  },
  nat: {
    about: "the destination's NAT mappings on the node",
    run: `${agent('cilium-dbg bpf nat list')} | grep -F {destinationIp}`,
  },
  services: {
    about: 'services and backends as the datapath has them',
    run: agent('cilium-dbg bpf lb list'),
  },
  sourceRanges: {
    about: 'source ranges of services as the datapath has them',
    run: agent('cilium-dbg bpf lb list --source-ranges'),
  },
  slices: {
    about: 'ready backends of services',
    run: 'kubectl -n {namespace} get endpointslices -o wide',
  },
  policies: {
    about: 'policies of the namespace',
    run: 'kubectl -n {namespace} get networkpolicies,ciliumnetworkpolicies',
  },
  clusterPolicies: {
    about: 'cluster-wide policies',
    run: 'kubectl get ciliumclusterwidenetworkpolicies',
  },
  names: {
    about: 'DNS names that the node has learnt',
    run: agent('cilium-dbg fqdn cache list'),
  },
  auth: {
    about: 'authenticated pairs of identities',
    run: agent('cilium-dbg bpf auth list'),
  },
  proxy: {
    about: 'L7 proxy: redirects and errors',
    run: agent('cilium-dbg status --all-redirects'),
  },
  route: {
    about: "the kernel's route to the destination",
    run: agent('ip route get {destinationIp}'),
  },
  links: { about: 'interfaces and their MTU', run: agent('ip link show') },
  nodes: { about: 'nodes that this node knows', run: agent('cilium-dbg node list') },
  nodeIds: { about: 'node ids that this node knows', run: agent('cilium-dbg nodeid list') },
  health: { about: 'connectivity between nodes', run: agent('cilium-health status') },
  mesh: { about: 'state of the cluster mesh', run: 'cilium clustermesh status' },
  encryption: { about: 'state of encryption', run: agent('cilium-dbg encrypt status') },
  bandwidth: { about: 'bandwidth limits on the node', run: agent('cilium-dbg bpf bandwidth list') },
  egress: {
    about: 'egress gateway rules on the node',
    run: agent('cilium-dbg bpf egress list'),
  },
  egressPolicies: {
    about: 'egress gateway policies',
    run: 'kubectl get ciliumegressgatewaypolicies -o yaml',
  },
  multicast: {
    about: 'multicast groups on the node',
    run: agent('cilium-dbg bpf multicast group list'),
  },
  segments: { about: 'SRv6 segments on the node', run: agent('cilium-dbg bpf srv6 sid') },
  vteps: { about: 'VTEP devices on the node', run: agent('cilium-dbg bpf vtep list') },
  calicoPolicies: {
    about: "Calico's policies, with order and selector",
    run: 'calicoctl get networkpolicies --all-namespaces -o wide && calicoctl get globalnetworkpolicies -o wide',
  },
  calicoTiers: { about: 'tiers in order', run: 'kubectl get tiers.projectcalico.org -o yaml' },
  calicoEndpoint: {
    about: "the pod's endpoint and its profiles",
    run: 'calicoctl get workloadendpoints -n {namespace} -o yaml',
  },
  rules: {
    about: 'rules and their counters in the kernel of the node',
    run: onNode('iptables-save -c'),
  },
  kernelConnections: {
    about: "how full the kernel's own connection table is",
    run: onNode('sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max'),
  },
} as const satisfies Readonly<Record<string, AdviceCommand>>;

export type CommandId = keyof typeof COMMANDS;
