import { existsSync } from 'node:fs';
import { AppError } from '../core/errors.ts';
import { checkStore, type CheckOptions, type StoreCheck } from '../store/sqlite/check.ts';
import type { DamagedBlock } from '../store/sqlite/check-ranges.ts';
import { openForReading } from '../store/sqlite/database.ts';
import type { Diagnosis, Finding } from './diagnosis.ts';
import { checkFiles } from './doctor-files.ts';

export type DoctorOptions = CheckOptions & { readonly directory: string };

/** Blocks that a detail names; the list beside it has all. */
const NAMED = 5;

/**
 * Looks a store over, beside a server that may be writing it. Throws an AppError `store-unusable` when there is
 * nothing that can be checked.
 */
export async function diagnose({ directory, ...options }: DoctorOptions): Promise<Diagnosis> {
  using opened = open(directory);
  const { db } = opened;
  const version = db.prepare<[], string>('SELECT sqlite_version()').pluck().get() ?? '';
  const checks = await checkStore(db, options);
  const findings = [...checks.map(findingOf), ...checkFiles({ directory, version })];
  return { directory, sound: findings.every(({ state }) => state !== 'damaged'), findings };
}

function open(directory: string): ReturnType<typeof openForReading> {
  try {
    return openForReading(directory);
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause;
    const detail = existsSync(directory) ? cause.detail : `there is no directory ${directory}`;
    throw new AppError('store-unusable', detail, { cause, fields: cause.fields });
  }
}

function findingOf({ name: check, detail, faults, damaged }: StoreCheck): Finding {
  if (faults.length + damaged.length === 0) return { check, state: 'ok', detail, damaged };
  const named = [...faults, ...damaged.map(describeDamage)];
  const more = named.length > NAMED ? `; ${named.length - NAMED} more` : '';
  return { check, state: 'damaged', detail: named.slice(0, NAMED).join('; ') + more, damaged };
}

/** Names a block as docs/operations.md does. */
export const describeDamage = ({ set, firstSeq, lastSeq, why }: DamagedBlock): string =>
  `block ${firstSeq} to ${lastSeq}${set === 'drops' ? ' of the drops' : ''}: ${why}`;
