import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import express, { type Request, type Response, type Router } from 'express';
import { COLUMN_IDS, isColumnId, type ColumnId } from '../core/column-ids.ts';
import type { Completeness } from '../core/completeness.ts';
import { AppError } from '../core/errors.ts';
import { formatTime, nanos, type TimeWindow } from '../core/time.ts';
import {
  flowExport,
  type ExportFormat,
  type ExportScope,
  type FlowExport,
} from '../formats/flow-export.ts';
import { completenessOf } from '../operations/completeness.ts';
import { readQuery, readRange } from '../operations/read-request.ts';
import type { FlowPage, FlowReader } from '../store/flow-store.ts';
import { goneSignal } from './gone-signal.ts';
import { numberParam, textParam } from './params.ts';
import type { Services } from './services.ts';

/** Flows read at once: all that is held of an export, however large it is. */
const PAGE = 1_000;
/** A search for rare flows goes on page after page, each far from the limit of a question. */
const WORK_MS = 2_000;

const TYPES: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv; charset=utf-8; header=present',
  ndjson: 'application/x-ndjson; charset=utf-8',
  json: 'application/json; charset=utf-8',
};

/** `GET /api/v1/flows.csv|.ndjson|.json?q=&t=&asof=&cols=`: all that matches, newest first, as a file. */
export function exportRoutes(services: Services): Router {
  const routes = express.Router();
  for (const format of ['csv', 'ndjson', 'json'] as const)
    routes.get(`/flows.${format}`, (request, response) =>
      sendExport({ services, format, request, response }),
    );
  return routes;
}

type ExportRequest = {
  readonly services: Services;
  readonly format: ExportFormat;
  readonly request: Request;
  readonly response: Response;
};

async function sendExport({ services, format, request, response }: ExportRequest): Promise<void> {
  const { reader, clock, demo, log } = services;
  const { where, q } = readQuery(textParam(request, 'q', ''));
  const within = readRange(textParam(request, 't', 'all'), clock);
  const asOf = numberParam(request, 'asof', { min: 0, max: Number.MAX_SAFE_INTEGER });
  const columns = readColumns(textParam(request, 'cols', ''));
  const gone = goneSignal(response);
  const query = {
    where,
    ...(within === undefined ? {} : { within }),
    ...(asOf === undefined ? {} : { asOf }),
  };
  const readPage: ReadPage = (after) =>
    reader.page(query, {
      limit: PAGE,
      order: 'newest',
      workMs: WORK_MS,
      signal: gone,
      ...(after === undefined ? {} : { after }),
    });
  // What can fail should fail before the answer begins, while it can still be a problem.
  const now = nanos(clock.now());
  const completeness = await completenessOf(reader, within, { now, of: 'flows' });
  const gaps = await reader.gaps(within ?? { from: nanos(0n), to: now });
  const first = await readPage(undefined);
  const scope: ExportScope = { q, within, asOf: asOf ?? first.head, demo, completeness, gaps };
  response.set({
    'Content-Type': TYPES[format],
    'Content-Disposition': `attachment; filename="${fileName(scope, format)}"`,
    'Cache-Control': 'no-store',
    'X-Dropwise-Completeness': completenessHeader(completeness),
  });
  try {
    // Reads on only as fast as the client takes what was read, and no more once it is gone.
    await pipeline(
      Readable.from(partsOf(flowExport(format, scope, columns), first, readPage)),
      response,
    );
  } catch (error) {
    // The connection is broken off by now, so that a part is never taken for the whole.
    const isGone = error === gone.reason || hasCode(error, 'ERR_STREAM_PREMATURE_CLOSE');
    if (!isGone) log.error({ err: error, q }, 'an export failed midway');
  }
}

type ReadPage = (after: number | undefined) => ReturnType<FlowReader['page']>;

async function* partsOf(
  { head, lines, tail }: FlowExport,
  first: FlowPage,
  readPage: ReadPage,
): AsyncIterable<string> {
  yield head;
  let count = 0;
  let page: FlowPage | undefined = first;
  while (page !== undefined) {
    yield lines(page.flows, count);
    count += page.flows.length;
    page = page.next === undefined ? undefined : await readPage(page.next);
  }
  yield tail(count);
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

function readColumns(text: string): readonly ColumnId[] {
  if (text === '') return COLUMN_IDS;
  return text.split(',').map((id) => {
    if (isColumnId(id)) return id;
    throw new AppError(
      'bad-request',
      `there is no column '${id}'; columns are ${COLUMN_IDS.join(', ')}`,
    );
  });
}

/** Of the export's range: `dropwise-flows-20261122T120000Z-20261122T130000Z.csv`. */
function fileName({ within, asOf, demo }: ExportScope, format: ExportFormat): string {
  const range = within === undefined ? `all-to-${asOf}` : rangeName(within);
  return `dropwise-${demo ? 'demo-' : ''}flows-${range}.${format}`;
}

const rangeName = ({ from, to }: TimeWindow): string =>
  [from, to].map((time) => `${formatTime(time).slice(0, 19).replaceAll(/[-:]/g, '')}Z`).join('-');

/** For formats whose every line is a flow: the verdict first, then the figures that it rests on. */
const completenessHeader = ({ verdict, watched, lost, gaps, rejected }: Completeness): string =>
  `${verdict}; watched=${watched}; lost=${lost}; gaps=${gaps}; rejected=${rejected}`;
