/** The services of Goldmane: messages as proto3 JSON on one side, bytes on the other (proto/goldmane). */
import { join } from 'node:path';
import protobuf from 'protobufjs';
import type { JsonObject } from './json-value.ts';
import { messageCodec, rawMethod } from './proto-codec.ts';

function loadRoot(): protobuf.Root {
  const root = new protobuf.Root();
  const path = join(import.meta.dirname, '../../proto/goldmane/api.proto');
  root.loadSync(path, { keepCase: true });
  root.resolveAll();
  return root;
}

const ROOT = loadRoot();

const codec = <T extends object>(name: string) =>
  messageCodec<T>(ROOT.lookupType(`goldmane.${name}`));

/** 64-bit integers are decimal text here, as in all that follows. */
type TimeSpan = { readonly start_time_gte?: string; readonly start_time_lt?: string };

export type FlowListRequest = TimeSpan & { readonly page_size?: string };
export type FlowStreamRequest = Pick<TimeSpan, 'start_time_gte'>;

/** One flow: of a bucket in a stream, of the whole time in a list. */
export type FlowResult = { readonly id?: string; readonly flow?: JsonObject };

export type FlowListResult = { readonly meta?: JsonObject; readonly flows?: readonly FlowResult[] };

export type StatisticsRequest = TimeSpan & {
  readonly type?: 'PacketCount' | 'ByteCount' | 'LiveConnectionCount';
  readonly group_by?: 'Policy' | 'PolicyRule';
  readonly time_series?: boolean;
};

/** In and out of the endpoint that reports; a value for each bucket of `x`. */
export const STATISTICS_SERIES = [
  'allowed_in',
  'allowed_out',
  'denied_in',
  'denied_out',
  'passed_in',
  'passed_out',
] as const;

export type StatisticsResult = {
  readonly policy?: JsonObject;
  readonly x?: readonly string[];
} & { readonly [Name in (typeof STATISTICS_SERIES)[number]]?: readonly string[] };

export const flowListRequest = codec<FlowListRequest>('FlowListRequest');
export const flowListResult = codec<FlowListResult>('FlowListResult');
export const flowStreamRequest = codec<FlowStreamRequest>('FlowStreamRequest');
export const flowResult = codec<FlowResult>('FlowResult');
export const statisticsRequest = codec<StatisticsRequest>('StatisticsRequest');
export const statisticsResult = codec<StatisticsResult>('StatisticsResult');

const enumNames = (name: string): Readonly<Record<number, string>> =>
  ROOT.lookupEnum(`goldmane.${name}`).valuesById;

const NAMES = {
  Action: enumNames('Action'),
  Reporter: enumNames('Reporter'),
  EndpointType: enumNames('EndpointType'),
  PolicyKind: enumNames('PolicyKind'),
};

/**
 * The name of an enum's value, which messages write as a name, emitters as a number, and both leave out where it is
 * zero. A number that is newer than this program stays a number.
 */
export function enumName(name: keyof typeof NAMES, value: unknown): string {
  if (typeof value === 'string') return value;
  const number = typeof value === 'number' ? value : 0;
  return NAMES[name][number] ?? String(number);
}

export const FLOWS_SERVICE = {
  List: rawMethod('/goldmane.Flows/List', false),
  Stream: rawMethod('/goldmane.Flows/Stream', true),
} as const;

export const STATISTICS_SERVICE = {
  List: rawMethod('/goldmane.Statistics/List', true),
} as const;
