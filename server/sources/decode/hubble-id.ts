import type { Flow } from '../../core/flow.ts';
import { hashedId, idFromPlace, idFromUuid, type RecordPlace } from './flow-id.ts';
import { pickInteger, pickObject, type LooseObject } from './loose-json.ts';

/** The uuid; before 1.14 there is none, and what the record says stands in for it (reference/hubble.md 5.3). */
export function hubbleId(
  flow: LooseObject,
  partial: Omit<Flow, 'id'>,
  place: RecordPlace | undefined,
): Flow['id'] {
  if (place?.always === true) return idFromPlace(place, partial.raw.bytes);
  const uuid = flow['uuid'];
  if (typeof uuid === 'string' && uuid !== '') return idFromUuid(uuid);
  if (place !== undefined) return idFromPlace(place, partial.raw.bytes);
  const { l7 } = partial;
  const eventType = pickObject(flow, 'event_type');
  return hashedId([
    partial.node,
    partial.timeFrom === 'record' ? partial.observedAt : '',
    partial.sourceIp,
    partial.sourcePort,
    partial.destinationIp,
    partial.destinationPort,
    partial.protocol,
    pickInteger(eventType, 'type') ?? 0,
    pickInteger(eventType, 'sub_type') ?? 0,
    partial.wireVerdict,
    partial.direction,
    partial.reply,
    partial.source.identity,
    partial.destination.identity,
    partial.source.pod,
    partial.destination.pod,
    l7 === undefined ? '' : `${l7.type} ${l7.method} ${l7.path} ${l7.status}`,
  ]);
}
