import type { ConnectionRow } from '../../store/connections.ts';

export const hasPassed = ({ flow: { verdict } }: ConnectionRow): boolean =>
  verdict.kind === 'allowed' || verdict.kind === 'audit';

const wasDenied = ({ flow: { verdict } }: ConnectionRow): boolean => verdict.kind === 'dropped';

/**
 * Whether connections of an edge came through: what leaves one end and is dropped at the other does not. An end that
 * tells no verdict has stopped nothing.
 */
export function passesAtEachEnd(rows: readonly ConnectionRow[]): boolean {
  const sides = Map.groupBy(rows, ({ flow }) => flow.direction);
  return [...sides.values()].every((side) => side.some(hasPassed) || !side.some(wasDenied));
}
