import type { StoredFlow } from '../core/flow.ts';
import { gotThrough, isFromOutside, judgeHarm, RECOVERY_NANOS, type Harm } from '../core/harm.ts';
import { nanos, type EpochNanos } from '../core/time.ts';
import type { Expression } from '../query/ast.ts';
import { all, either, term } from '../query/build.ts';
import { ALLOWED, atPort, DROPPED, find, MINUTE, type Look } from './drop-checks/look.ts';
import { sameAsked } from './why/pair.ts';

export type HarmOptions = {
  readonly drop: StoredFlow;
  /** When such a drop was seen last. */
  readonly lastAt: EpochNanos;
  readonly now: EpochNanos;
};

/** Attempts are counted, and an earlier success is looked for, over so long. */
const SPAN = 10n * MINUTE;
const MOST_DROPS = 60;
const MOST_PASSED = 200;

/** Whether somebody is hurt by a drop: what its ends did before and after. */
export async function harmOfDrop(look: Look, options: HarmOptions): Promise<Harm> {
  const { drop, lastAt, now } = options;
  const nothing = { drops: [], passed: [], before: undefined, denied: [] };
  const unaided = judgeHarm({ drop, lastAt, now, ...nothing });
  // What a record itself gives away needs no search.
  if (unaided.kind === 'noise' || drop.verdict.kind !== 'dropped') return unaided;
  if (!isNamed(drop)) return { ...unaided, why: 'The record does not say who was concerned.' };
  const drops = await dropsLike(look, options, drop.verdict.reason);
  const start = drops[0]?.observedAt ?? lastAt;
  const between = all([ALLOWED, either([sameAsked(drop), answersTo(drop)])]);
  const end = drops.at(-1)?.observedAt ?? lastAt;
  const until = nanos(end + RECOVERY_NANOS + 1n);
  const later = await find(look, between, {
    ...{ within: { from: start, to: until }, limit: MOST_PASSED, order: 'oldest' },
  });
  const earlier = await find(look, between, {
    within: { from: nanos(start - SPAN), to: start },
    limit: MOST_PASSED,
  });
  return judgeHarm({
    ...{ drop, lastAt: end, now, drops },
    passed: later.flows.filter((flow) => gotThrough(flow, drop)),
    before: earlier.flows.find((flow) => gotThrough(flow, drop)),
    denied: isFromOutside(drop) ? await deniedElsewhere(look, options) : [],
  });
}

const isNamed = ({ source, sourceIp, destination, destinationIp }: StoredFlow): boolean =>
  (source.workload || source.pod || sourceIp) !== '' &&
  (destination.workload || destination.pod || destinationIp) !== '';

async function dropsLike(
  look: Look,
  { drop, lastAt }: HarmOptions,
  reason: string,
): Promise<readonly StoredFlow[]> {
  const { flows } = await find(
    look,
    all([DROPPED, term(undefined, 'reason', reason), sameAsked(drop)]),
    {
      // Retries of a drop that is looked at long after it count too.
      within: { from: nanos(lastAt - SPAN), to: nanos(lastAt + RECOVERY_NANOS) },
      limit: MOST_DROPS,
    },
  );
  return flows.toSorted((a, b) => (a.observedAt < b.observedAt ? -1 : 1));
}

/** Flows from the server's port back to the client. */
function answersTo(drop: StoredFlow): Expression {
  const turned = sameAsked({
    ...drop,
    ...{ source: drop.destination, sourceIp: drop.destinationIp },
    ...{ destination: drop.source, destinationIp: drop.sourceIp },
    destinationPort: -1,
  });
  const { destinationPort: port } = drop;
  return port > 0 ? all([turned, atPort('from', port)]) : turned;
}

async function deniedElsewhere(
  look: Look,
  { drop, lastAt }: HarmOptions,
): Promise<readonly StoredFlow[]> {
  if (drop.sourceIp === '') return [];
  const { flows } = await find(look, all([DROPPED, term('from', 'ip', drop.sourceIp)]), {
    within: { from: nanos(lastAt - SPAN), to: nanos(lastAt + 1n) },
    limit: MOST_PASSED,
  });
  return flows;
}
