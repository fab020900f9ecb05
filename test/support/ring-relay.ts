import type { FlowId } from '../../server/core/flow.ts';
import {
  formatTime,
  nanos,
  nanosFromMillis,
  parseTime,
  type EpochNanos,
} from '../../server/core/time.ts';
import { getFlowsResponse, type GetFlowsRequest } from '../../server/sources/hubble-proto.ts';
import {
  startObserver,
  type ObserverScript,
  type ObserverServer,
  type ObserverStream,
} from './observer-server.ts';

/** An event that a node had. */
export type Told = {
  readonly id: FlowId;
  readonly node: string;
  readonly observedAt: EpochNanos;
  readonly dropped: boolean;
};

/** Nodes with a ring each, and the relay before them, which can be away while the nodes go on. */
export type RingRelay = AsyncDisposable & {
  readonly told: readonly Told[];
  readonly streams: () => readonly ObserverStream[];
  /** Something happens on a node, now unless told. */
  readonly tell: (node: string, options?: TellOptions) => Told;
  /** Sends a message to every follower and to no ring. */
  readonly say: (message: Buffer) => void;
  readonly address: string;
  /** Cuts all streams and refuses connections, until `start`. */
  readonly stop: () => Promise<void>;
  readonly start: () => Promise<void>;
};

type TellOptions = { readonly observedAt?: EpochNanos; readonly dropped?: boolean };
type Entry = { readonly told: Told; readonly message: Buffer };

/** `capacity`: events that a ring holds before it forgets the oldest. */
export async function startRingRelay(
  options: Pick<ObserverScript, 'tls' | 'socket'> & { readonly capacity?: number } = {},
): Promise<RingRelay> {
  const { capacity = 4095, ...script } = options;
  const rings = new Map<string, Entry[]>();
  const told: Told[] = [];
  const followers = new Set<ObserverStream>();
  const onStream = (stream: ObserverStream): void => {
    for (const { message } of replay([...rings.values()], stream.request)) stream.send(message);
    followers.add(stream);
  };
  let server: ObserverServer | undefined = await startObserver({ ...script, onStream });
  const { address, port } = server;
  const streams: ObserverStream[][] = [];
  const stop = async (): Promise<void> => {
    followers.clear();
    streams.push([...(server?.streams ?? [])]);
    await server?.[Symbol.asyncDispose]();
    server = undefined;
  };
  return {
    told,
    address,
    streams: () => [...streams.flat(), ...(server?.streams ?? [])],
    tell: (node, { observedAt = nanosFromMillis(Date.now()), dropped = false } = {}) => {
      const one = { id: idOf(told.length), node, observedAt, dropped };
      told.push(one);
      const message = messageOf(one);
      const ring = rings.get(node) ?? [];
      rings.set(node, ring);
      ring.push({ told: one, message });
      if (ring.length > capacity) ring.shift();
      for (const stream of followers) if (!stream.cancelled()) stream.send(message);
      return one;
    },
    say: (message) => {
      for (const stream of followers) stream.send(message);
    },
    stop,
    start: async () => {
      server = await startObserver({ ...script, port, onStream });
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** What the rings give for a request: those since a time, or the newest of each. */
function replay(rings: readonly Entry[][], { since, number }: GetFlowsRequest): readonly Entry[] {
  const from = since === undefined ? undefined : parseTime(since);
  const chosen = rings.flatMap((ring) =>
    from === undefined
      ? ring.slice(-Number(number ?? 0))
      : ring.filter(({ told }) => told.observedAt >= from),
  );
  return chosen.toSorted((one, other) => Number(one.told.observedAt - other.told.observedAt));
}

const idOf = (count: number): FlowId => count.toString(16).padStart(32, '0') as FlowId;

function messageOf({ id, node, observedAt, dropped }: Told): Buffer {
  const time = formatTime(nanos(observedAt));
  const digits = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/.exec(id)?.slice(1) ?? [];
  return getFlowsResponse.encode({
    flow: {
      time,
      uuid: digits.join('-'),
      verdict: dropped ? 'DROPPED' : 'FORWARDED',
      node_name: node,
      event_type: { type: dropped ? 1 : 4 },
    },
    node_name: node,
    time,
  });
}
