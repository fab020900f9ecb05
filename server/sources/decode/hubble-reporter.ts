import type { Direction, FlowEvent, Reporter } from '../../core/flow.ts';
import { pick, pickInteger, pickObject, pickText, type LooseObject } from './loose-json.ts';

export function hubbleDirection(flow: LooseObject): Direction {
  const value = pick(flow, 'traffic_direction');
  if (value === 'INGRESS' || value === 1) return 'ingress';
  return value === 'EGRESS' || value === 2 ? 'egress' : 'unknown';
}

/**
 * The end at which the event was seen. The endpoint that is local to the reporting node carries an endpoint id
 * (reference/hubble.md 5.4); with two local ends, or none told, the direction decides where it can be trusted.
 */
export function hubbleReporter(
  flow: LooseObject,
  event: FlowEvent,
  direction: Direction,
  reply: boolean,
): Reporter {
  const point = pick(flow, 'trace_observation_point');
  if (fromRetina(flow)) return retinaReporter(event, point);
  const sourceLocal = isLocalEnd(pickObject(flow, 'source'));
  const destinationLocal = isLocalEnd(pickObject(flow, 'destination'));
  if (sourceLocal !== destinationLocal) return sourceLocal ? 'source' : 'destination';
  return byDirection(event, direction, reply, point, sourceLocal);
}

function byDirection(
  event: FlowEvent,
  direction: Direction,
  reply: boolean,
  point: unknown,
  bothLocal: boolean,
): Reporter {
  switch (event) {
    case 'policy-verdict':
      return sideOf(direction, false);
    case 'l7':
      return sideOf(direction, reply);
    case 'drop':
      // INGRESS is also what a drop says whose side the agent could not tell.
      return direction === 'egress' ? 'source' : bothLocal ? sideOf(direction, false) : 'unknown';
    case 'trace':
      if (point === 'TO_ENDPOINT' || point === 101) return 'destination';
      return point === 'FROM_ENDPOINT' || point === 5 ? 'source' : 'unknown';
    case 'socket':
    case 'capture':
    case 'flow-log':
    case 'unknown':
      return 'unknown';
  }
}

/** Direction is the connection's; the ends are the packet's, which a reply has swapped. */
function sideOf(direction: Direction, reply: boolean): Reporter {
  if (direction === 'unknown') return 'unknown';
  return (direction === 'egress') !== reply ? 'source' : 'destination';
}

/** Whether the endpoint is one of the reporting node's own. */
export function isLocalEnd(end: LooseObject | undefined): boolean {
  return (pickInteger(end, 'ID') ?? pickInteger(end, 'id') ?? 0) !== 0;
}

/** Retina fills `ID` with the identity on both sides (reference/hubble.md 8.2), so it tells nothing of locality. */
function fromRetina(flow: LooseObject): boolean {
  const extension = pickText(pickObject(flow, 'extensions'), '@type');
  if (extension.endsWith('RetinaMetadata')) return true;
  return isRetinaEnd(pickObject(flow, 'source')) && isRetinaEnd(pickObject(flow, 'destination'));
}

/** Whether an end looks as Retina tells it; of a flow both do. */
export function isRetinaEnd(end: LooseObject | undefined): boolean {
  const id = pickInteger(end, 'ID') ?? 0;
  return id !== 0 && id === pickInteger(end, 'identity');
}

/** Its trace points are fixed to a side; the direction of its drops is always INGRESS and says nothing. */
function retinaReporter(event: FlowEvent, point: unknown): Reporter {
  if (event !== 'trace') return 'unknown';
  if (point === 'TO_STACK' || point === 'TO_NETWORK') return 'source';
  return point === 'TO_ENDPOINT' || point === 'FROM_NETWORK' ? 'destination' : 'unknown';
}
