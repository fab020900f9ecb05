import type { Endpoint } from '../../core/flow.ts';
import { hubbleEndpoint } from './hubble-endpoint.ts';
import { createInterner } from './intern.ts';
import { createWorkloadMemory } from './learn-workloads.ts';
import type { LooseObject } from './loose-json.ts';

export type Endpoints = (end: LooseObject | undefined) => Endpoint;

/** Endpoints as shared objects; the remote side's workload comes from what the other node told of its own. */
export function createEndpoints(): Endpoints {
  const { endpoint: shared } = createInterner();
  const memory = createWorkloadMemory();
  // The protobuf reader hands out one object for equal bytes, so most endpoints are found here.
  const decoded = new WeakMap<LooseObject, Endpoint>();
  const nothing = shared(hubbleEndpoint(undefined));
  return (end) => {
    if (end === undefined) return nothing;
    const known = decoded.get(end);
    if (known !== undefined) return known;
    const told = hubbleEndpoint(end);
    const { cluster, namespace, pod, workload } = told;
    if (pod !== '' && workload === '') {
      const learned = memory.find(cluster, namespace, pod);
      if (learned === undefined) return shared(told);
      return shared({ ...told, workload: learned.name, workloadKind: learned.kind });
    }
    if (pod !== '')
      memory.learn(cluster, namespace, pod, { name: workload, kind: told.workloadKind });
    const endpoint = shared(told);
    decoded.set(end, endpoint);
    return endpoint;
  };
}
