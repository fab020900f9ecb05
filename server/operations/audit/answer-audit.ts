import type { EpochNanos, TimeWindow } from '../../core/time.ts';
import type { AnalysisDesk, Progress } from '../analysis-desk.ts';
import { wholeSpan } from '../whole-span.ts';
import { auditStored } from './audit-stored.ts';
import type { AuditJson } from './audit-shapes.ts';
import type { AuditScope } from './audit.ts';

export type AuditQuestion = {
  readonly scope: AuditScope;
  /** `undefined`: all that is stored. */
  readonly within: TimeWindow | undefined;
  readonly now: EpochNanos;
};

/** What breaks if namespaces deny by default. */
export async function answerAudit(
  { reader, inventory }: AnalysisDesk,
  { scope, within, now }: AuditQuestion,
  onprogress: (progress: Progress) => void,
): Promise<AuditJson> {
  return auditStored(reader, {
    ...{ scope, now, within: within ?? (await wholeSpan(reader)) },
    snapshot: inventory.current(),
    onprogress: (done, total) => onprogress({ done, total }),
  });
}
