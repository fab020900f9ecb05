import { dropReasonCode } from '../../core/drop-reasons.ts';
import { ALLOWED, AUDIT, HUBBLE_VERDICTS, PROXY_ERROR, type Verdict } from '../../core/verdict.ts';
import type { FlowEvent } from '../../core/flow.ts';
import { asInteger, pick, pickInteger, pickObject, type LooseObject } from './loose-json.ts';

/** The source's word: the enum name, a number that has none, `VERDICT_UNKNOWN` where the field is absent. */
export function wireVerdict(flow: LooseObject): string {
  const value = pick(flow, 'verdict');
  if (typeof value === 'string' && value !== '') {
    return /^\d+$/.test(value) ? (HUBBLE_VERDICTS[Number(value)] ?? value) : value;
  }
  if (typeof value === 'number') return HUBBLE_VERDICTS[value] ?? String(value);
  return 'VERDICT_UNKNOWN';
}

const dropped = new Map<string, Verdict>();

/** Verdict of a Hubble flow. A word that is not known here is never taken for allowed (fault 81). */
export function hubbleVerdict(flow: LooseObject, wire: string, event: FlowEvent): Verdict {
  switch (wire) {
    case 'FORWARDED':
    case 'REDIRECTED':
      return ALLOWED;
    case 'DROPPED': {
      const reason = dropReasonOf(flow, event);
      const known = dropped.get(reason);
      if (known !== undefined) return known;
      const verdict: Verdict = { kind: 'dropped', reason };
      // Reasons are few; text of a hostile sender must not fill the memory.
      if (dropped.size < 1000) dropped.set(reason, verdict);
      return verdict;
    }
    case 'AUDIT':
      return AUDIT;
    case 'ERROR':
      return PROXY_ERROR;
    default:
      return { kind: 'unknown', wire };
  }
}

/** L7 denials never carry a reason (reference/hubble.md 5.1), so the kind of event stands for it. */
function dropReasonOf(flow: LooseObject, event: FlowEvent): string {
  const described = pick(flow, 'drop_reason_desc');
  const number = asInteger(described);
  if (number !== undefined && number !== 0) return dropReasonCode(number);
  if (number === undefined && typeof described === 'string' && described !== '') return described;
  const old = pickInteger(flow, 'drop_reason') ?? 0;
  if (old !== 0) return dropReasonCode(old);
  if (event === 'l7') return 'L7_DENIED';
  if (event === 'drop') {
    return dropReasonCode(pickInteger(pickObject(flow, 'event_type'), 'sub_type') ?? 0);
  }
  return dropReasonCode(0);
}
