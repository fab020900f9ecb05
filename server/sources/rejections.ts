import type { Rejection } from '../core/flow.ts';

/** Characters of a rejected record that are kept to show what it looked like. */
const SAMPLE_LENGTH = 200;
/** Reasons of one batch; more are counted together, since a reason may hold a hostile sender's text. */
const REASON_LIMIT = 50;

/** Counts rejected records by reason and keeps the beginning of one of each. */
export type Rejections = {
  readonly add: (reason: string, record: Uint8Array, count?: number) => void;
  /** Hands over what was counted since the last call. */
  readonly take: () => readonly Rejection[];
  readonly size: () => number;
};

export function createRejections(): Rejections {
  let byReason = new Map<string, { reason: string; count: number; sample: string }>();
  return {
    add: (told, record, count = 1) => {
      const reason = byReason.size < REASON_LIMIT || byReason.has(told) ? told : 'other';
      const known = byReason.get(reason);
      if (known !== undefined) known.count += count;
      else byReason.set(reason, { reason, count, sample: sampleOf(record) });
    },
    take: () => {
      const taken = [...byReason.values()];
      byReason = new Map();
      return taken;
    },
    size: () => byReason.size,
  };
}

function sampleOf(record: Uint8Array): string {
  const head = record.subarray(0, SAMPLE_LENGTH * 4);
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('utf8');
  // Control characters would forge lines of a log or move a terminal's cursor.
  return text.replace(/\p{Cc}/gu, '�').slice(0, SAMPLE_LENGTH);
}
