import { AppError } from '../core/errors.ts';
import { nanos } from '../core/time.ts';
import type { SkewWatch } from './clock-skew.ts';
import type { HubbleRelayOptions } from './relay-options.ts';
import { getNodesRequest, getNodesResponse, OBSERVER_SERVICE } from './hubble-proto.ts';
import type { NodeWatch } from './node-watch.ts';
import type { RelayCollector } from './relay-collector.ts';
import { askVersion, type RelayLine } from './relay-line.ts';
import { isUnimplemented } from './transport/grpc-failure.ts';
import type { GrpcConnection } from './transport/grpc-stream.ts';
import { WireError } from './wire-reader.ts';

/** Keeps the report of a line up to date. */
export type RelayWatch = {
  /** Something that a report shows may have changed. */
  readonly tell: () => void;
  readonly stop: () => void;
};

/** Looks at the nodes from time to time, and whether a silent relay is still there (fault 55). */
export function watchRelay(parts: {
  readonly options: HubbleRelayOptions;
  readonly line: RelayLine;
  readonly collector: RelayCollector;
  readonly nodes: NodeWatch;
  readonly skews: SkewWatch;
  /** What else a person should know; empty texts are left out. */
  readonly notes: () => readonly string[];
  readonly fail: (error: unknown) => void;
}): RelayWatch {
  const { options, line, collector, nodes, skews, notes, fail } = parts;
  const { idleMs = 60_000, nodePollMs = 30_000 } = options;
  const { connection, version } = line;
  /** Relay calls itself so, an agent that is read directly gives a bare number. */
  const named = version === '' || version.includes('relay') ? version : `version ${version}`;
  /** Why the list of nodes could not be had; empty when it could. */
  let unlisted = '';
  let stopped = false;
  const tell = (): void => {
    if (stopped) return;
    const texts = [nodes.failures(), unlisted, ...notes(), named];
    const detail = texts.filter((text) => text !== '').join('; ');
    const state = nodes.state();
    const skew = skews.worst();
    const expiry = connection.certificateExpiresAt;
    options.report({
      state: 'reading',
      detail,
      // An agent that is read directly lists no nodes.
      ...(state.connected + state.unavailable.length === 0 ? {} : { nodes: state }),
      ...(skew === undefined ? {} : { skew }),
      ...(expiry === undefined ? {} : { certificateExpiresAt: expiry }),
    });
  };

  let nodesKnown = true;
  const pollNodes = async (): Promise<void> => {
    try {
      if (nodesKnown) nodesKnown = await readNodes(options, connection, nodes);
      unlisted = '';
    } catch (error) {
      // The list is an extra: while flows come, that it cannot be had is told and ends nothing.
      if (!(error instanceof AppError) && !(error instanceof WireError)) throw error;
      unlisted = `the nodes cannot be listed: ${error.message}`;
    }
    tell();
  };
  const probe = async (): Promise<void> => {
    if (collector.silentMs() < idleMs) return;
    await askVersion(options, connection);
    collector.heard();
  };
  collector.onNews(tell);
  tell();
  pollNodes().catch(fail);
  const timers = [
    setInterval(() => void pollNodes().catch(fail), nodePollMs),
    setInterval(() => void probe().catch(fail), Math.max(20, idleMs / 4)),
  ];
  return {
    tell,
    stop: () => {
      stopped = true;
      for (const timer of timers) clearInterval(timer);
    },
  };
}

/** Answers whether the server knows the call. Relay adds nodes to a stream silently, so the list is asked for. */
async function readNodes(
  options: HubbleRelayOptions,
  connection: GrpcConnection,
  nodes: NodeWatch,
): Promise<boolean> {
  try {
    const request = getNodesRequest.encode({});
    const timeoutMs = options.callTimeoutMs ?? 10_000;
    const reply = await connection.unary(OBSERVER_SERVICE.GetNodes.path, request, timeoutMs);
    const at = nanos(options.clock.now());
    for (const { name = '', state } of getNodesResponse.decode(reply).nodes ?? []) {
      if (state === 'NODE_CONNECTED') nodes.connected(name, at);
      else if (state === 'NODE_UNAVAILABLE' || state === 'NODE_ERROR') nodes.unavailable(name, at);
    }
    return true;
  } catch (error) {
    if (isUnimplemented(error)) return false;
    throw error;
  }
}
