import type { RecordedFlow } from '../../core/flow.ts';
import type { Dataplane } from '../../policy/facts.ts';
import { areRetinas } from '../../sources/decode/retina.ts';
import { recordJson } from '../show-flow.ts';

/** Whose policies decided, by who told of the flow and not by the policies that are installed. */
export const dataplaneOf = (flow: RecordedFlow): Dataplane => dataplaneOfSource([flow])(flow);

/** The same by several records of one source: older ones of Retina are known only together. */
export function dataplaneOfSource(
  flows: readonly RecordedFlow[],
): (flow: RecordedFlow) => Dataplane {
  const hubble = flows.filter(isHubble);
  // Retina tells flows of any cluster; where it is asked, it is those with Azure NPM.
  const ofHubble = areRetinas(hubble.map(({ raw }) => recordJson(raw))) ? 'azure-npm' : 'cilium';
  return (flow) => (isHubble(flow) ? ofHubble : 'calico');
}

const isHubble = ({ raw: { format } }: RecordedFlow): boolean => format.startsWith('hubble');
