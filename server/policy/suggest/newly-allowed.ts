import type { Engine } from '../engine.ts';
import type { Judged } from '../facts.ts';

/**
 * Which of some connections a change lets through that were not before: all that a person has to agree to when they
 * apply it. Those whose verdict was open count, since they may have been denied.
 */
export function newlyAllowed<T>(
  connections: readonly T[],
  judgedOf: (connection: T, engine: Engine) => Judged,
  { before, after }: { readonly before: Engine; readonly after: Engine },
): readonly T[] {
  const isAllowed = (connection: T, engine: Engine): boolean =>
    engine.judge(judgedOf(connection, engine)).verdict === 'allow';
  return connections.filter(
    (connection) => isAllowed(connection, after) && !isAllowed(connection, before),
  );
}
