import { AppError } from '../core/errors.ts';

/**
 * What failed, of an AppError `store-failed`. `busy`: another program holds the database, which passes. `damaged`:
 * only opening the store again helps. `unavailable`: a disk that is full, or fails, or may not be written.
 */
export type StoreFailure = 'busy' | 'damaged' | 'unavailable';

/** `undefined` for an error that is none of the store's. */
export function storeFailureOf(error: unknown): StoreFailure | undefined {
  if (!(error instanceof AppError) || error.code !== 'store-failed') return undefined;
  return (error.fields['failure'] as StoreFailure | undefined) ?? 'unavailable';
}
