import { createEndpoints, type Endpoints } from './hubble-ends.ts';
import { createInterner, type Interner } from './intern.ts';

/** What a decoder of Hubble records learns as it reads. */
export type HubbleMemory = {
  readonly ends: Endpoints;
  readonly hits: Interner['hits'];
  readonly nodes: NodeNames;
};

/** Node names by their part after the cluster: exporters write lost events without it. */
export type NodeNames = {
  readonly see: (node: string) => void;
  readonly fullNames: ReadonlyMap<string, string>;
  /** Changes when names were forgotten; until then nothing is gained by seeing a node again. */
  readonly forgotten: () => number;
};

const NODE_LIMIT = 10_000;

export function createHubbleMemory(): HubbleMemory {
  return { ends: createEndpoints(), hits: createInterner().hits, nodes: createNodeNames() };
}

function createNodeNames(): NodeNames {
  const fullNames = new Map<string, string>();
  let forgotten = 0;
  return {
    see: (node) => {
      const slash = node.indexOf('/');
      if (slash < 0) return;
      const bare = node.slice(slash + 1);
      if (fullNames.has(bare)) return;
      if (fullNames.size >= NODE_LIMIT) {
        fullNames.clear();
        forgotten += 1;
      }
      fullNames.set(bare, node);
    },
    fullNames,
    forgotten: () => forgotten,
  };
}
