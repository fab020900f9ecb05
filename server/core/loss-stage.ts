/** Where on its way from the kernel to the store something was lost, the way's order. */
export const LOSS_STAGES = [
  'kernel-ring',
  'agent-queue',
  'hubble-ring',
  'node-away',
  'connection',
  'rotation',
  'overload',
  'store-paused',
  'other',
] as const;

export type LossStage = (typeof LOSS_STAGES)[number];

/** By the reason of a gap: the source's word (reference: flow.proto, LostEventSource) or one of ours. */
const STAGE_OF: ReadonlyMap<string, LossStage> = new Map([
  ['PERF_EVENT_RING_BUFFER', 'kernel-ring'],
  ['OBSERVER_EVENTS_QUEUE', 'agent-queue'],
  ['HUBBLE_RING_BUFFER', 'hubble-ring'],
  ['node unavailable', 'node-away'],
  ['relay disconnected', 'connection'],
  ['goldmane disconnected', 'connection'],
  ['rotated before read', 'rotation'],
  ['dropwise overload', 'overload'],
  ['dropwise overload, drops too', 'overload'],
  ['store paused', 'store-paused'],
]);

export const lossStage = (reason: string): LossStage => STAGE_OF.get(reason) ?? 'other';

/** The stage in words, as in `162 lost in the kernel's ring`. */
export const LOSS_STAGE_WORDS: Readonly<Record<LossStage, string>> = {
  'kernel-ring': "in the kernel's ring",
  'agent-queue': "in the agent's queue",
  'hubble-ring': "in the node's Hubble ring",
  'node-away': 'while a node was away',
  connection: 'while disconnected',
  rotation: 'by file rotation',
  overload: 'by overload of this server',
  'store-paused': 'while the store was paused',
  other: 'for another reason',
};
