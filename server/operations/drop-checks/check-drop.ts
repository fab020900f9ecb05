import type { DropCheckId } from '../../core/drop-advice/entry.ts';
import { dropAdvice } from '../../core/drop-advice/table.ts';
import type { DropFinding } from '../../core/drop-finding.ts';
import type { Harm } from '../../core/harm.ts';
import type { StoredFlow } from '../../core/flow.ts';
import type { EpochNanos } from '../../core/time.ts';
import { harmOfDrop } from '../drop-harm.ts';
import { addressOwner, senderAddress } from './addresses.ts';
import { openConnection, staleConnection } from './connection.ts';
import { dns } from './dns.ts';
import { identity } from './identity.ts';
import { HOUR, type DropCheck, type Look } from './look.ts';
import { protocols } from './protocols.ts';

const CHECKS: Readonly<Record<DropCheckId, DropCheck>> = {
  'stale-connection': staleConnection,
  'open-connection': openConnection,
  'sender-address': senderAddress,
  'address-owner': addressOwner,
  protocols,
  dns,
  identity,
};

export type CheckedDrop = {
  readonly flow: StoredFlow;
  /** What is shown first, then what is likely, then what was not seen. Checks that do not apply are left out. */
  readonly findings: readonly DropFinding[];
  readonly harm: Harm;
};

/** Most checks look back so far: what was not recorded of this time, they cannot have seen. */
export const CHECKED_SPAN = HOUR;

const STRENGTHS = ['shown', 'likely', 'not-seen'] as const;

/**
 * What the stored flows around a dropped one tell of its reason and of its consequences. `undefined` when there is no
 * such flow, or it was not dropped.
 */
export async function checkDrop(
  look: Look,
  seq: number,
  now: EpochNanos,
): Promise<CheckedDrop | undefined> {
  const flow = await look.reader.find(seq);
  if (flow?.verdict.kind !== 'dropped') return undefined;
  const findings: DropFinding[] = [];
  for (const check of dropAdvice(flow.verdict.reason).checks) {
    const found = await CHECKS[check](flow, look);
    if (found !== undefined) findings.push({ check, ...found });
  }
  return {
    flow,
    findings: findings.sort(
      (a, b) => STRENGTHS.indexOf(a.strength) - STRENGTHS.indexOf(b.strength),
    ),
    harm: await harmOfDrop(look, { drop: flow, lastAt: flow.observedAt, now }),
  };
}
