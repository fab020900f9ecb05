import type { RecordedFlow } from '../../core/flow.ts';
import type { Dataplane } from '../../policy/facts.ts';
import { areRetinas } from '../../sources/decode/retina.ts';
import { recordJson } from '../show-flow.ts';

/** Whose policies decided, by who told of the flow and not by the policies that are installed. */
export function dataplaneOf(flow: RecordedFlow): Dataplane {
  if (!flow.raw.format.startsWith('hubble')) return 'calico';
  // Retina tells flows of any cluster; where it is asked, it is those with Azure NPM.
  return areRetinas([recordJson(flow.raw)]) ? 'azure-npm' : 'cilium';
}
