/** What agents and relays call the place of a loss, in words (flow.proto, LostEventSource). */
const CAUSES: ReadonlyMap<string, string> = new Map([
  ['PERF_EVENT_RING_BUFFER', 'the agent was too slow for the kernel'],
  ['OBSERVER_EVENTS_QUEUE', "the agent's queue for Hubble was full"],
  ['HUBBLE_RING_BUFFER', "this server read slower than the node's ring fills"],
  ['dropwise overload', 'the store did not keep up; allowed flows were left out'],
  ['dropwise overload, drops too', 'the store did not keep up; drops had to be left out too'],
  ['UNKNOWN_LOST_EVENT_SOURCE', 'the node did not say where'],
]);

/** Why flows are missing, for a person. A cause that is not known stands as it was told. */
export const gapCause = (reason: string): string => CAUSES.get(reason) ?? reason;
