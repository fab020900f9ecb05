import type { DropGroup } from '../core/drop-groups.ts';
import type { StoredFlow } from '../core/flow.ts';
import { formatTime } from '../core/time.ts';
import { flowToJson } from '../formats/flow-json.ts';
import type { DropGroupJson } from './contract.ts';
import type { LiveFrame } from './live-contract.ts';

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
export function encodeGroups(head: number, groups: readonly DropGroup[]): string {
  const items = groups.map((group) => {
    const figures = JSON.stringify(figuresOf(group)).slice(0, -1);
    return `${figures},"latest":${flowText(group.latest)}}`;
  });
  return `{"kind":"groups","head":${head},"groups":[${items.join(',')}]}`;
}

export const dropGroupToJson = (group: DropGroup): DropGroupJson => ({
  ...figuresOf(group),
  latest: flowToJson(group.latest),
});

const figuresOf = ({ key, count, firstAt, lastAt, lastSeq }: DropGroup) => ({
  key,
  count,
  firstAt: formatTime(firstAt),
  lastAt: formatTime(lastAt),
  lastSeq,
});
