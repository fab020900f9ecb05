import { AppError } from '../core/errors.ts';

/** A request that cannot be answered as it stands; says which part of it, and what to ask instead. */
export function refuse(detail: string): never {
  throw new AppError('bad-request', detail);
}
