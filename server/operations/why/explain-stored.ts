import { AppError } from '../../core/errors.ts';
import type { Explanation } from '../../core/explanation.ts';
import type { AnalysisDesk } from '../analysis-desk.ts';
import { dataplaneOf } from './dataplane.ts';
import { explainFlow } from './explain-flow.ts';

/** Why a flow was let through or dropped, by its number: by the policies of its time or by today's. */
export async function explainStored(
  { reader, inventory, engines, files }: AnalysisDesk,
  { seq, of }: { readonly seq: number; readonly of: 'then' | 'now' },
): Promise<Explanation & { readonly seq: number }> {
  const flow = await reader.find(seq);
  if (flow === undefined)
    throw new AppError('not-found', `no flow has the number '${seq}'; it may be past retention`);
  const dataplane = dataplaneOf(flow);
  const explanation = await explainFlow(flow, {
    ...{ reader, inventory, engines, dataplane, of },
    documentsOf: files.of,
  });
  return { seq, ...explanation };
}
