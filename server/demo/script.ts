import type { Incident } from './edge.ts';

/** What is wrong at one second of scenario time. */
export type ScriptState = {
  readonly incidents: ReadonlySet<Incident>;
  /** Index of a node that reads its events too slowly: about half are lost, and counted. */
  readonly lossyNode: number | undefined;
  /** Index of a node that the relay cannot reach. */
  readonly unavailableNode: number | undefined;
};

export type ScriptPhase = {
  readonly name: 'redis-cut' | 'lossy-node' | 'node-unavailable' | 'batch-dns';
  /** Seconds of the loop: `from` belongs to it, `to` does not. */
  readonly from: number;
  readonly to: number;
  /** One sentence for a person. */
  readonly about: string;
  /** Manifest under policies/ that is in force instead of the one of the same name. */
  readonly manifest?: string;
};

const LOOP_SECONDS = 240;

/** The storyline, over and over. It begins quietly, so that a person sees the healthy cluster first. */
export const SCRIPT: readonly ScriptPhase[] = [
  {
    name: 'redis-cut',
    from: 30,
    to: 90,
    about: 'An edit of shop/redis-ingress forgets checkout, and cuts it from redis.',
    manifest: 'incidents/redis-ingress.yaml',
  },
  {
    name: 'lossy-node',
    from: 80,
    to: 115,
    about: 'worker-2 reads its events too slowly and loses about half of them.',
  },
  {
    name: 'node-unavailable',
    from: 125,
    to: 160,
    about: 'The relay cannot reach worker-3.',
  },
  {
    name: 'batch-dns',
    from: 170,
    to: 215,
    about: 'An edit of batch/jobs forgets DNS, and the jobs cannot look up names.',
    manifest: 'incidents/batch-jobs.yaml',
  },
];

const QUIET: ScriptState = {
  incidents: new Set(),
  lossyNode: undefined,
  unavailableNode: undefined,
};

/** Of the past, only every eighth loop has incidents, so that they stand out. */
const PAST_LOOP_PERIOD = 8;

/** State at `elapsedSeconds` after the start of the scenario; negative seconds are the simulated past. */
export function scriptAt(elapsedSeconds: number, nodeCount: number): ScriptState {
  const loop = Math.floor(elapsedSeconds / LOOP_SECONDS);
  if (loop < 0 && (loop + 3) % PAST_LOOP_PERIOD !== 0) return QUIET;
  const second = elapsedSeconds - loop * LOOP_SECONDS;
  const phases = new Set(
    SCRIPT.filter(({ from, to }) => second >= from && second < to).map(({ name }) => name),
  );
  if (phases.size === 0) return QUIET;
  const incidents = new Set<Incident>();
  if (phases.has('redis-cut')) incidents.add('redis-cut');
  if (phases.has('batch-dns')) incidents.add('batch-dns');
  return {
    incidents,
    lossyNode: phases.has('lossy-node') ? 1 % nodeCount : undefined,
    unavailableNode: phases.has('node-unavailable') && nodeCount > 1 ? 2 % nodeCount : undefined,
  };
}
