import { encodeFlows, writeBlock } from '../../server/columns/encoded-block.ts';
import type { Flow } from '../../server/core/flow.ts';
import type { LiveCommit, LiveQuery } from '../../server/live/live-hub.ts';
import { readQuery } from '../../server/operations/read-request.ts';
import { compileQuery } from '../../server/query/compile.ts';

/** Flows as the thread that committed them tells of them. */
export function liveCommit(flows: readonly Flow[], firstSeq: number): LiveCommit {
  const columns = writeBlock(encodeFlows(flows));
  const blocks = flows.length === 0 ? [] : [{ firstSeq, columns }];
  return { head: firstSeq + flows.length - 1, blocks, gaps: [], untold: 0 };
}

export function liveQuery(text: string): LiveQuery {
  const { q, where } = readQuery(text);
  return { text: q, condition: compileQuery(where) };
}
