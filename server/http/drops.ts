import express, { type Router } from 'express';
import { dropState, type DropMark } from '../core/drop-state.ts';
import type { Harm } from '../core/harm.ts';
import { formatTime, nanos, type EpochNanos } from '../core/time.ts';
import { completenessToJson } from '../formats/completeness-json.ts';
import { gapToJson, windowToJson } from '../formats/flow-json.ts';
import { completenessOf } from '../operations/completeness.ts';
import { createHarmBook } from '../operations/harm-book.ts';
import { readQuery, readRange } from '../operations/read-request.ts';
import { wholeSpan } from '../operations/whole-span.ts';
import type { CountedDropGroup } from '../store/drop-counts.ts';
import type { CountedDropGroupJson, DropsResponse } from './contract.ts';
import { goneSignal } from './gone-signal.ts';
import { dropGroupToJson } from './live-frames.ts';
import { knownMarks, markToJson } from './marks.ts';
import { numberParam, textParam } from './params.ts';
import type { Services } from './services.ts';

const MAX_TOP = 1_000;
const DEFAULT_TOP = 100;
/** Of each of up to 200,000 groups, while counting. */
const MAX_BUCKETS = 60;
const DEFAULT_BUCKETS = 24;

export function dropRoutes({ reader, control, clock }: Services): Router {
  const routes = express.Router();
  const harmBook = createHarmBook({ reader });

  routes.get('/drops', async (request, response) => {
    const { where, q } = readQuery(textParam(request, 'q', ''));
    const asked = readRange(textParam(request, 't', 'now-15m..now'), clock);
    const within = asked ?? (await wholeSpan(reader));
    const asOf = numberParam(request, 'asof', { min: 0, max: Number.MAX_SAFE_INTEGER });
    const { groups, others, head } = await reader.dropGroups({
      where,
      within,
      top: numberParam(request, 'top', { min: 1, max: MAX_TOP }) ?? DEFAULT_TOP,
      buckets: numberParam(request, 'buckets', { min: 1, max: MAX_BUCKETS }) ?? DEFAULT_BUCKETS,
      withHistory: true,
      ...(asOf === undefined ? {} : { asOf }),
    });
    const gaps = await reader.gaps(within);
    const now = nanos(clock.now());
    const completeness = await completenessOf(reader, asked, { now, of: 'drops' });
    const { marks, problem } = knownMarks(control, now);
    const harms = await harmBook.of(groups, { now, signal: goneSignal(response) });
    response.json({
      q,
      range: windowToJson(within),
      groups: groups.map((group) =>
        countedToJson(group, { mark: marks.get(group.key), harm: harms.get(group.key), now }),
      ),
      others,
      head,
      gaps: gaps.map(gapToJson),
      completeness: completenessToJson(completeness),
      marksProblem: problem ?? null,
    } satisfies DropsResponse);
  });

  return routes;
}

type Known = {
  readonly mark: DropMark | undefined;
  readonly harm: Harm | undefined;
  readonly now: EpochNanos;
};

function countedToJson(group: CountedDropGroup, { mark, harm, now }: Known): CountedDropGroupJson {
  const { series, history, lastAt } = group;
  return {
    ...dropGroupToJson(group),
    series,
    state: dropState({ history, lastAt, mark, now }),
    firstSeenAt: history === undefined ? null : formatTime(history.firstAt),
    mark: mark === undefined ? null : markToJson(mark),
    harm: harm ?? null,
  };
}
