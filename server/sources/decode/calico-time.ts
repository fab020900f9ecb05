import {
  NANOS_PER_MILLI,
  NANOS_PER_SECOND,
  nanos,
  parseTime,
  type EpochNanos,
} from '../../core/time.ts';

/** Above this an integer counts milliseconds: as seconds it would be the year 5138. */
const MILLIS_FROM = 1e11;

/** Epoch seconds, milliseconds, or RFC 3339 (reference/calico.md 2.3); `undefined` for all else. */
export function calicoTime(value: unknown): EpochNanos | undefined {
  if (typeof value === 'string') return parseTime(value);
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value <= 0) return undefined;
  const unit = value > MILLIS_FROM ? NANOS_PER_MILLI : NANOS_PER_SECOND;
  return nanos(BigInt(value) * unit);
}
