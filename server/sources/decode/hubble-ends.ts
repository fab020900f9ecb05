import type { Endpoint } from '../../core/flow.ts';
import { hubbleEndpoint } from './hubble-endpoint.ts';
import { createInterner } from './intern.ts';
import { createWorkloadMemory, type LearnedPod, type Workload } from './learn-workloads.ts';
import { isLocalEnd, isRetinaEnd } from './hubble-reporter.ts';
import type { SharedJson } from '../shared-json.ts';
import type { LooseObject } from './loose-json.ts';

/** One end of records, as told; thousands of records share it. */
export type KnownEnd = {
  /** Whether the endpoint is of the reporting node. */
  readonly local: boolean;
  /** Whether Retina may have told it, so that `local` says nothing. */
  readonly retina: boolean;
};

/** Endpoints as shared objects; the remote side's workload comes from what the other node told of its own. */
export type Endpoints = {
  /** Learns the workload that an end tells, unless this very object was seen before. */
  readonly know: (end: LooseObject | undefined) => KnownEnd;
  /** The same for an end that equal bytes have in common, in a fraction of the time. */
  readonly knowShared: (end: SharedJson | undefined) => KnownEnd;
  /** The endpoint, with the workload that is known of it now. */
  readonly endpoint: (end: KnownEnd) => Endpoint;
};

type Known = KnownEnd & {
  readonly knower: object;
  readonly told: Endpoint;
  /** Whether the record names a pod and leaves its workload to be learned. */
  readonly lacks: boolean;
  pod: LearnedPod | undefined;
  /** State of the memory in which `pod` was looked for in vain. */
  missedIn: number;
  workload: Workload | undefined;
  endpoint: Endpoint;
};

export function createEndpoints(): Endpoints {
  const { endpoint: shared } = createInterner();
  const memory = createWorkloadMemory();
  // The protobuf reader hands out one object for equal bytes, so most endpoints are found here.
  const known = new WeakMap<LooseObject, Known>();

  const knownOf = (end: LooseObject | undefined): Known => {
    const told = shared(hubbleEndpoint(end));
    return {
      knower: known,
      local: isLocalEnd(end),
      retina: isRetinaEnd(end),
      told,
      lacks: told.pod !== '' && told.workload === '',
      pod: undefined,
      missedIn: -1,
      workload: undefined,
      endpoint: told,
    };
  };
  const nothing = knownOf(undefined);

  const podOf = (end: Known): LearnedPod | undefined => {
    if (end.pod !== undefined && memory.meet(end.pod)) return end.pod;
    if (end.pod === undefined && end.missedIn === memory.version()) return undefined;
    const { cluster, namespace, pod } = end.told;
    end.pod = memory.find(cluster, namespace, pod);
    end.missedIn = memory.version();
    return end.pod;
  };

  const know = (end: LooseObject | undefined): Known => {
    if (end === undefined) return nothing;
    const found = known.get(end);
    if (found !== undefined) return found;
    const made = knownOf(end);
    const { cluster, namespace, pod, workload, workloadKind } = made.told;
    if (pod !== '' && workload !== '') {
      memory.learn(cluster, namespace, pod, { name: workload, kind: workloadKind });
    }
    known.set(end, made);
    return made;
  };

  return {
    know,
    knowShared: (end) => {
      if (end === undefined) return nothing;
      const note = end.note as Known | undefined;
      if (note?.knower === known) return note;
      // Of several sources that meet the same end, the last one has the note.
      const found = know(end.json);
      end.note = found;
      return found;
    },
    endpoint: (asKnown) => {
      const end = asKnown as Known;
      if (!end.lacks) return end.endpoint;
      const workload = podOf(end)?.workload;
      if (workload === end.workload) return end.endpoint;
      end.workload = workload;
      end.endpoint =
        workload === undefined
          ? end.told
          : shared({ ...end.told, workload: workload.name, workloadKind: workload.kind });
      return end.endpoint;
    },
  };
}
