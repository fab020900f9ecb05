import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { readYamlDocuments } from '../../lib/yaml-documents.ts';

/** Edges that a person accepts to be denied. */
export type AllowList = {
  /** Why an edge is accepted; `undefined` where it is not. */
  accepts(edge: {
    readonly from: string;
    readonly to: string;
    readonly port: string;
  }): string | undefined;
  /** Entries whose day is over, as text. */
  readonly expired: readonly string[];
};

const ENTRY = z.strictObject({
  from: z.string().min(1),
  to: z.string().min(1),
  port: z.string().min(1).default('*'),
  /** The last day on which it holds, in UTC. */
  until: z.iso.date(),
  reason: z.string().min(1),
});
const FILE = z.strictObject({ accept: z.array(ENTRY) });

type Entry = z.infer<typeof ENTRY>;

export const NO_EXCEPTIONS: AllowList = { accepts: () => undefined, expired: [] };

/**
 * Reads a list of exceptions: `accept:`, entries with `from`, `to`, `port` (`*` stands for any text), the day `until`
 * which each holds, and a `reason`. Throws an AppError `bad-file` that names what is wrong with which entry.
 */
export function readAllowList(name: string, text: string, today: string): AllowList {
  const [document, ...others] = readYamlDocuments(text);
  if (document === undefined || others.length > 0)
    throw new AppError('bad-file', `${name}: expected one YAML document with 'accept'`);
  if (!document.ok)
    throw new AppError('bad-file', `${name}:${document.fault.line}: ${document.fault.message}`);
  const read = FILE.safeParse(document.document.value);
  if (!read.success) {
    const [issue] = read.error.issues;
    const path = (issue?.path ?? []).map((part) => (typeof part === 'symbol' ? '' : part));
    const line = document.document.lineOf(path);
    throw new AppError('bad-file', `${name}:${line}: ${path.join('.')}: ${issue?.message ?? ''}`);
  }
  const holds = read.data.accept.filter(({ until }) => until >= today);
  return {
    accepts: (edge) => holds.find((entry) => matches(entry, edge))?.reason,
    expired: read.data.accept
      .filter(({ until }) => until < today)
      .map(({ from, to, port, until }) => `${from} → ${to} ${port}, until ${until}`),
  };
}

const matches = (entry: Entry, edge: Parameters<AllowList['accepts']>[0]): boolean =>
  pattern(entry.from, edge.from) && pattern(entry.to, edge.to) && pattern(entry.port, edge.port);

/** Parts between stars stand in this order; no expression is made of what a file says. */
function pattern(wanted: string, text: string): boolean {
  const [first = '', ...rest] = wanted.split('*');
  const last = rest.pop();
  if (last === undefined) return wanted === text;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at + last.length <= text.length;
}
