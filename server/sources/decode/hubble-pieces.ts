import type { PolicyHit } from '../../core/flow.ts';
import { createByteTable, type ByteTable } from '../byte-table.ts';
import { readFlowFields } from '../hubble-proto.ts';
import { readText } from '../wire-reader.ts';
import { hubbleHits, namesPolicies } from './hubble-hits.ts';
import type { HubbleMemory } from './hubble-memory.ts';
import { hubbleNames, NO_NAMES } from './hubble-names.ts';
import { hubbleService, normalNode } from './hubble-parts.ts';
import type { Span } from './hubble-scanned.ts';
import type { LooseObject } from './loose-json.ts';

export type KnownNode = {
  /** As `normalNode` gives it. */
  readonly name: string;
  /** State of `NodeNames` in which it was last seen. */
  seenIn: number;
};

export type KnownPolicies = {
  readonly hits: readonly PolicyHit[];
  /** Whether any list has an entry, be it one that names nothing. */
  readonly named: boolean;
};

/** Parts of flows that repeat, by their bytes. All throw `WireError` where text is no UTF-8. */
export type Pieces = {
  readonly text: (bytes: Buffer, span: Span) => string;
  readonly node: (bytes: Buffer, span: Span) => KnownNode;
  /** Of whole fields called `key`. */
  readonly names: (bytes: Buffer, span: Span, key: string) => readonly string[];
  readonly service: (bytes: Buffer, span: Span, key: string) => string;
  readonly policies: (bytes: Buffer, span: Span) => KnownPolicies;
};

/** Bytes of what is remembered of each kind. */
const MANY = 8 * 1024 * 1024;
const FEW = 1024 * 1024;

const NO_NODE: KnownNode = { name: '', seenIn: -1 };
const NO_POLICIES: KnownPolicies = { hits: [], named: false };

export function createPieces(memory: HubbleMemory): Pieces {
  const text = remembered(MANY, readText);
  const node = remembered<KnownNode>(FEW, (bytes, from, end) => ({
    name: normalNode(readText(bytes, from, end)),
    seenIn: -1,
  }));
  const names = rememberedFields(MANY, hubbleNames);
  const service = rememberedFields(FEW, hubbleService);
  const policies = rememberedFields<KnownPolicies>(MANY, (flow) => ({
    hits: memory.hits(hubbleHits(flow)),
    named: namesPolicies(flow),
  }));
  return {
    text: (bytes, span) => (isEmpty(span) ? '' : text(bytes, span)),
    node: (bytes, span) => (isEmpty(span) ? NO_NODE : node(bytes, span)),
    names: (bytes, span, key) => (isEmpty(span) ? NO_NAMES : names(bytes, span, key)),
    service: (bytes, span, key) => (isEmpty(span) ? '' : service(bytes, span, key)),
    policies: (bytes, span) => (isEmpty(span) ? NO_POLICIES : policies(bytes, span, '')),
  };
}

export const isEmpty = (span: Span): boolean => span.from === -1 || span.from === span.end;

type Make<T> = (bytes: Buffer, from: number, end: number) => T;

function remembered<T>(limit: number, make: Make<T>): (bytes: Buffer, span: Span) => T {
  const table: ByteTable<T> = createByteTable({ limit });
  return (bytes, { from, end }) => {
    const found = table.find(bytes, from, end);
    if (found !== undefined) return found;
    const made = make(bytes, from, end);
    table.add(bytes, from, end, made);
    return made;
  };
}

/** The bytes are whole fields, tags and all, so what stands for two kinds of field cannot be mixed up. */
function rememberedFields<T>(
  limit: number,
  make: (flow: LooseObject, key: string) => T,
): (bytes: Buffer, span: Span, key: string) => T {
  const table: ByteTable<T> = createByteTable({ limit });
  return (bytes, { from, end }, key) => {
    const found = table.find(bytes, from, end);
    if (found !== undefined) return found;
    const made = make(readFlowFields(bytes, from, end), key);
    table.add(bytes, from, end, made);
    return made;
  };
}
