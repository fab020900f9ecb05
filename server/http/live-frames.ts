import type { StoredFlow } from '../core/flow.ts';
import { flowToJson } from '../formats/flow-json.ts';
import type { DropGroup } from '../live/live-hub.ts';
import type { LiveFrame } from './contract.ts';

/** A frame as the text that goes over the socket. */
export const encodeFrame = (frame: LiveFrame): string => JSON.stringify(frame);

/** Viewers share flow objects, so each flow is written as JSON once, however many watch it. */
const texts = new WeakMap<StoredFlow, string>();

function flowText(flow: StoredFlow): string {
  const known = texts.get(flow);
  if (known !== undefined) return known;
  const text = JSON.stringify(flowToJson(flow));
  texts.set(flow, text);
  return text;
}

/** The `flows` frame of contract.ts. */
export function encodeFlows(batch: number, flows: readonly StoredFlow[]): string {
  return `{"kind":"flows","batch":${batch},"flows":[${flows.map(flowText).join(',')}]}`;
}

/** The `groups` frame of contract.ts. */
export function encodeGroups(groups: readonly DropGroup[]): string {
  const items = groups.map(
    ({ key, count, firstSeq, latest }) =>
      `{"key":${JSON.stringify(key)},"count":${count},"firstSeq":${firstSeq},"latest":${flowText(latest)}}`,
  );
  return `{"kind":"groups","groups":[${items.join(',')}]}`;
}
