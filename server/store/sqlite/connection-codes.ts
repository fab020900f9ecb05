import { numbersIn, type Column } from '../../columns/block.ts';
import type { StoredColumn } from '../../columns/column-specs.ts';
import { combine, type CodedRows } from '../../columns/combine.ts';
import { numberer } from '../../columns/numberer.ts';
import { createTextNumbers, type TextNumbers } from '../../columns/text-numbers.ts';
import { createTuples } from '../../columns/tuples.ts';
import type { Endpoint } from '../../core/flow.ts';
import type { Matches } from './walk.ts';

/** Rows of one block that tell of the same connection have the same code. Only those of rows that match mean something. */
export type ConnectionCodes = CodedRows & {
  /** Puts numbers for what tells the connection of a row apart, which are alike in all blocks. */
  put(row: number, slot: Int32Array): void;
};

export type ConnectionReader = {
  /** `also` is what tells rows of this block apart besides. */
  read(matches: Matches, also: CodedRows): ConnectionCodes;
  /** From now on values that did not come before have the number 0, so that no more are held. */
  close(): void;
};

const SOURCE = { end: 'source', ip: 'sourceIp', names: 'sourceNames' } as const;
const DESTINATION = {
  end: 'destination',
  ip: 'destinationIp',
  names: 'destinationNames',
} as const;

/** How a connection was seen, beside the cluster whose dataplane tells. */
const MANNER = ['protocol', 'direction', 'reply', 'verdict', 'event', 'hits'] as const;

type TextsOf = (name: StoredColumn) => TextNumbers;

/** Something of a row: its code in the block, and its number in all blocks. */
type Part = CodedRows & { number(row: number): number };

export function createConnectionReader(): ConnectionReader {
  let closed = false;
  const columns = new Map<StoredColumn, TextNumbers>();
  const textsOf: TextsOf = (name) => {
    let texts = columns.get(name);
    if (texts === undefined) columns.set(name, (texts = createTextNumbers(() => closed)));
    return texts;
  };
  const readSource = sideReader(SOURCE, textsOf);
  const readDestination = sideReader(DESTINATION, textsOf);
  const readManner = mannerReader(textsOf);
  return {
    read(matches, also) {
      const [source, sourceAt] = readSource(matches);
      const [destination, destinationAt] = readDestination(matches);
      const [port, manner] = [serverPorts(matches), readManner(matches)];
      const parts = [source, destination, sourceAt, destinationAt, port, manner, also];
      return {
        ...combine(parts, matches.opened.block.rows),
        put(row, slot) {
          slot[0] = source.number(row);
          slot[1] = sourceAt.number(row);
          slot[2] = destination.number(row);
          slot[3] = destinationAt.number(row);
          slot[4] = port.number(row);
          slot[5] = manner.number(row);
        },
      };
    },
    close: () => void (closed = true),
  };
}

/**
 * An end, and its address where it is no workload. Values of both sides are numbered as those of one, since mostly the
 * same stand on either.
 */
function sideReader(
  side: typeof SOURCE | typeof DESTINATION,
  textsOf: TextsOf,
): (matches: Matches) => readonly [Part, Part] {
  /** By the number of an end; what came too late has no row, wherever it is. */
  const isWorkload = [true];
  const addresses = createTuples(2);
  return (matches) => {
    const ends = readValues(matches, side.end, textsOf(SOURCE.end));
    const { codes, value } = valuesIn(matches, side.end);
    const others = rowsWhere(matches, (row) => {
      const number = ends.number(row);
      return !(isWorkload[number] ??= (value(codes[row] ?? 0) as Endpoint).kind === 'workload');
    });
    if (others.length === 0) return [ends, alike(matches)];
    const ips = readValues(matches, side.ip, textsOf(SOURCE.ip));
    const known = readValues(matches, side.names, textsOf(SOURCE.names));
    const local = numberer<number>();
    const told = new Uint32Array(codes.length);
    for (const row of others) {
      const both = (ips.codes[row] ?? 0) * known.distinct + (known.codes[row] ?? 0);
      told[row] = local.numberOf(both) + 1;
    }
    const number = (row: number): number => {
      if (told[row] === 0) return 0;
      addresses.slot[0] = ips.number(row);
      addresses.slot[1] = known.number(row);
      return addresses.number() + 1;
    };
    return [ends, { codes: told, distinct: local.numbered.length + 1, number }];
  };
}

function mannerReader(textsOf: TextsOf): (matches: Matches) => Part {
  const readCluster = clusterReader();
  const manners = createTuples(MANNER.length + 1);
  return (matches) => {
    const parts = [
      ...MANNER.map((name) => readValues(matches, name, textsOf(name))),
      readCluster(matches),
    ];
    const combined = combine(parts, matches.opened.block.rows);
    return onceEach(combined, (row) => {
      for (const [place, part] of parts.entries()) manners.slot[place] = part.number(row);
      return manners.number();
    });
  };
}

/** Nodes are named `cluster/node`, or `node` where the cluster is not told. */
function clusterReader(): (matches: Matches) => Part {
  const { numberOf, numbered } = numberer<string>();
  return (matches) => {
    const { codes, distinct, value } = valuesIn(matches, 'node');
    const clusters = Array.from({ length: distinct }, (_, code) => {
      const [cluster = '', ...rest] = (value(code) as string).split('/');
      return numberOf(rest.length === 0 ? '' : cluster);
    });
    const [first = 0] = clusters;
    if (clusters.every((cluster) => cluster === first))
      return { ...alike(matches), number: () => first };
    const told = new Uint32Array(codes.length);
    for (let row = 0; row < codes.length; row++) told[row] = clusters[codes[row] ?? 0] ?? 0;
    return { codes: told, distinct: numbered.length, number: (row) => told[row] ?? 0 };
  };
}

const alike = ({ opened }: Matches): Part => ({
  ...combine([], opened.block.rows),
  number: () => 0,
});

const readValues = (matches: Matches, name: StoredColumn, texts: TextNumbers): Part => {
  const column = valuesIn(matches, name);
  return onceEach(column, (row) => column.numberOf(column.codes[row] ?? 0, texts));
};

/** Asks for the number of a code once, when it is first needed. */
function onceEach({ codes, distinct }: CodedRows, numberAt: (row: number) => number): Part {
  const numbers = new Int32Array(distinct).fill(-1);
  return {
    ...{ codes, distinct },
    number(row) {
      const code = codes[row] ?? 0;
      const known = numbers[code] ?? 0;
      return known >= 0 ? known : (numbers[code] = numberAt(row));
    },
  };
}

function valuesIn(
  { opened: { block } }: Matches,
  name: StoredColumn,
): Extract<Column, { kind: 'values' }> {
  const column = block.column(name);
  if (column.kind !== 'values') throw new Error(`${name} is no column of values`);
  return column;
}

function rowsWhere({ from, to, rows }: Matches, test: (row: number) => boolean): readonly number[] {
  const found: number[] = [];
  for (let row = from; row < to; row++) {
    if ((rows === undefined || rows[row] === 1) && test(row)) found.push(row);
  }
  return found;
}

/** Ports are from 0 up to here. */
const MAX_PORT = 65_535;

function serverPorts(matches: Matches): Part {
  const { block } = matches.opened;
  const sourcePort = numbersIn(block, 'sourcePort');
  const destinationPort = numbersIn(block, 'destinationPort');
  const reply = valuesIn(matches, 'reply');
  const isReply = Array.from({ length: reply.distinct }, (_, code) => reply.value(code) === 'yes');
  const ports = new Int32Array(block.rows);
  const codes = new Uint32Array(block.rows);
  let isPort = true;
  for (let row = 0; row < block.rows; row++) {
    const port = isReply[reply.codes[row] ?? 0] === true ? sourcePort(row) : destinationPort(row);
    ports[row] = port;
    codes[row] = port + 1;
    isPort &&= port >= -1 && port <= MAX_PORT;
  }
  const number = (row: number) => ports[row] ?? 0;
  if (isPort) return { codes, distinct: MAX_PORT + 2, number };
  const { numberOf, numbered } = numberer<number>();
  const numbers = Uint32Array.from(ports, numberOf);
  return { codes: numbers, distinct: numbered.length, number };
}
