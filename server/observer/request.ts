import { getFlowsRequest, HUBBLE_ROOT, type GetFlowsRequest } from '../sources/hubble-proto.ts';
import { WIRE, WireError, WireReader } from '../sources/wire-reader.ts';
import { parseTime, type EpochNanos } from '../core/time.ts';
import type { JsonObject } from '../sources/json-value.ts';
import { fieldMask } from './field-mask.ts';
import { compileFilters } from './filter/flow-filter.ts';
import { narrow } from './filter/narrow.ts';
import type { FlowTest } from './filter/rule.ts';
import type { Expression } from '../query/ast.ts';
import { refuse } from './refuse.ts';

/** What a GetFlows call asks for. */
export type AskedFlows = {
  /** Flows to tell; `undefined` where there is no limit. */
  readonly number: number | undefined;
  readonly first: boolean;
  readonly follow: boolean;
  /** Observed at or after, and at or before. */
  readonly since: EpochNanos | undefined;
  readonly until: EpochNanos | undefined;
  /** Judges a flow; `undefined` where all are selected. */
  readonly selects: FlowTest | undefined;
  /** What every selected flow fulfils. */
  readonly where: Expression | undefined;
  /** Leaves of a Flow what the mask names; `undefined` where the whole is asked for. */
  readonly mask: ((flow: JsonObject) => JsonObject) | undefined;
};

/** Reads a request, or throws an AppError `bad-request` that says what in it cannot be answered. */
export function readRequest(bytes: Buffer): AskedFlows {
  const { request, oldPaths } = decode(bytes);
  const { first = false, follow = false, whitelist = [], blacklist = [] } = request;
  if (first && follow) refuse('first: cannot go with follow, which has no end to count from');
  const number = Number(request.number ?? 0);
  const filters = { whitelist, blacklist };
  const masked = (request.field_mask ?? '').split(',').filter((path) => path !== '');
  const mask = masked.length > 0 ? masked : oldPaths;
  return {
    number: number === 0 ? undefined : number,
    first,
    follow,
    since: timeOf('since', request.since),
    until: timeOf('until', request.until),
    selects: compileFilters(filters),
    where: narrow(filters),
    mask: mask.length === 0 ? undefined : fieldMask(mask),
  };
}

/** A decoded field mask is its paths, joined by commas. */
type Decoded = GetFlowsRequest & { readonly field_mask?: string };

function decode(bytes: Buffer): { request: Decoded; oldPaths: readonly string[] } {
  try {
    return { request: getFlowsRequest.decode(bytes), oldPaths: oldPathsOf(bytes) };
  } catch (error) {
    if (error instanceof WireError) refuse(`the request is no GetFlowsRequest: ${error.message}`);
    throw error;
  }
}

const FILTER = HUBBLE_ROOT.lookupType('flow.FlowFilter');
const [BLACKLIST, WHITELIST, EXPERIMENTAL] = [5, 6, 999];
const [OLD_MASK, PATHS] = [1, 1];

/**
 * The paths of the mask where Cilium 1.14 and 1.15 have it, at a number that newer definitions do not use again.
 * Refuses filters of a client newer than this program: what is skipped as unknown would select too much.
 */
function oldPathsOf(bytes: Buffer): readonly string[] {
  const paths: string[] = [];
  for (const [number, content] of embedded(bytes)) {
    if (number === BLACKLIST || number === WHITELIST) refuseUnknown(content);
    if (number !== EXPERIMENTAL) continue;
    for (const [inner, mask] of embedded(content)) {
      if (inner !== OLD_MASK) continue;
      for (const [field, path] of embedded(mask)) {
        if (field === PATHS) paths.push(path.toString('utf8'));
      }
    }
  }
  return paths;
}

function refuseUnknown(filter: Buffer): void {
  const wire = new WireReader(filter);
  while (wire.position < filter.length) {
    const tag = wire.uint32();
    if (FILTER.fieldsById[tag >>> 3] === undefined) {
      refuse(`a filter has a field of number ${tag >>> 3}, which is newer than this version`);
    }
    wire.skip(tag & 7, 0);
  }
}

/** The messages that stand in a message, with the numbers of their fields. */
function* embedded(bytes: Buffer): Generator<readonly [number, Buffer]> {
  const wire = new WireReader(bytes);
  while (wire.position < bytes.length) {
    const tag = wire.uint32();
    const from = wire.position;
    wire.skip(tag & 7, 0);
    if ((tag & 7) !== WIRE.bytes) continue;
    const content = new WireReader(bytes, from);
    const end = content.lengthEnd();
    yield [tag >>> 3, bytes.subarray(content.position, end)];
  }
}

/** A time outside of what the store can hold is told by its numbers, which are no text. */
function timeOf(name: string, value: unknown): EpochNanos | undefined {
  if (value === undefined) return undefined;
  const time = typeof value === 'string' ? parseTime(value) : undefined;
  if (time === undefined) refuse(`${name}: is outside of the years 1678 to 2262`);
  return time;
}
