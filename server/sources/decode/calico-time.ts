import { nanosInRange, parseTime, type EpochNanos } from '../../core/time.ts';

export type CalicoTime =
  | { readonly kind: 'time'; readonly at: EpochNanos }
  | { readonly kind: 'absent' | 'unreadable' | 'out of range' };

/**
 * Magnitudes tell what a number counts: as seconds, what is read as milliseconds would lie beyond the year 5138.
 * The same holds from each unit to the next.
 */
const UNITS: readonly { readonly below: bigint; readonly decimals: number }[] = [
  { below: 10n ** 11n, decimals: 9 },
  { below: 10n ** 14n, decimals: 6 },
  { below: 10n ** 17n, decimals: 3 },
];

/**
 * A time as flow logs and their re-exports write it (reference/calico.md 2.3): a number since 1970, or the text
 * of one, in seconds, milliseconds, microseconds or nanoseconds, with or without a fraction; RFC 3339; ISO 8601
 * without a zone, which is UTC. Zero and less is how writers say that they do not know.
 */
export function calicoTime(value: unknown): CalicoTime {
  if (value === undefined || value === null) return { kind: 'absent' };
  if (typeof value === 'number') return Number.isFinite(value) ? ofNumber(value) : UNREADABLE;
  if (typeof value !== 'string') return UNREADABLE;
  const text = value.trim();
  return NUMBER.test(text) ? ofDecimal(text) : ofDate(text);
}

const UNREADABLE = { kind: 'unreadable' } as const;
const OUT_OF_RANGE = { kind: 'out of range' } as const;

/** Longer ones are no times, and turning digits into a number takes ever longer. */
const NUMBER = /^[+-]?\d{1,30}(\.\d{0,30})?$/;
const NO_ZONE = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?$/;

/** Exponents stand only where no time is: from 1e21 on, and below a microsecond after 1970. */
function ofNumber(value: number): CalicoTime {
  const text = String(value);
  return text.includes('e') ? OUT_OF_RANGE : ofDecimal(text);
}

function ofDecimal(text: string): CalicoTime {
  const [whole = '', fraction = ''] = text.split('.');
  const count = BigInt(whole.replace('+', ''));
  const decimals = UNITS.find(({ below }) => count < below)?.decimals ?? 0;
  const total = BigInt(`${count}${fraction.slice(0, decimals).padEnd(decimals, '0')}`);
  const at = whole.startsWith('-') || total === 0n ? undefined : nanosInRange(total);
  return at === undefined ? OUT_OF_RANGE : { kind: 'time', at };
}

function ofDate(text: string): CalicoTime {
  const zoned = NO_ZONE.test(text) ? `${text}Z` : text;
  const at = parseTime(zoned);
  if (at !== undefined) return { kind: 'time', at };
  // What is a date all the same lies before or after what can be stored.
  return /^\d{4}-/.test(zoned) && !Number.isNaN(Date.parse(zoned)) ? OUT_OF_RANGE : UNREADABLE;
}
