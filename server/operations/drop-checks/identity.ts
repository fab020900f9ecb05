import { endName } from '../../core/end-name.ts';
import type { StoredFlow } from '../../core/flow.ts';
import { nanos } from '../../core/time.ts';
import { either, term } from '../../query/build.ts';
import {
  agoText,
  destinationOf,
  doubt,
  endWith,
  find,
  HOUR,
  isEnd,
  podName,
  SECOND,
  sourceOf,
  spanText,
  type DropCheck,
  type End,
  type Found,
  type Look,
} from './look.ts';

/** An identity that is new reaches all nodes within this. */
const SPREADING = 30n * SECOND;
/** So long a pod counts as just started. */
const YOUNG = 60n * SECOND;

/** Did an end just start, or was it seen with another identity within seconds? */
export const identity: DropCheck = async (drop, look) => {
  const ends = [sourceOf(drop), destinationOf(drop)];
  let whole = true;
  for (const end of ends) {
    const around = await seenAround(drop, end, look);
    whole &&= around.whole;
    const other = around.flows.find((flow) => differs(end, endWith(flow, end.ip)));
    if (other !== undefined) return changed(drop, end, other);
  }
  for (const end of ends) {
    const young = await justStarted(drop, end, look);
    if (young !== undefined) return young;
  }
  return {
    strength: 'not-seen',
    finding: `Both ends were seen with the same identity within 30 s of the drop, and neither had just started.${doubt({ whole })}`,
    evidence: [],
  };
};

async function seenAround(drop: StoredFlow, { ip }: End, look: Look): Promise<Found> {
  if (ip === '') return { flows: [], whole: true };
  const { observedAt } = drop;
  return find(look, term(undefined, 'ip', ip), {
    within: { from: nanos(observedAt - SPREADING), to: nanos(observedAt + SPREADING) },
    limit: 200,
  });
}

/** Another pod, or another number for what is the same. Numbers of addresses outside differ by node and mean nothing. */
function differs({ end }: End, seen: End | undefined): boolean {
  if (seen === undefined) return false;
  if (seen.end.pod !== end.pod) return true;
  const numbers = [seen.end.identity, end.identity];
  return numbers.every((number) => number > 0 && number < 2 ** 24) && numbers[0] !== numbers[1];
}

function changed(
  drop: StoredFlow,
  dropped: End,
  other: StoredFlow,
): Awaited<ReturnType<DropCheck>> {
  const { ip } = dropped;
  const seen = endWith(other, ip) ?? dropped;
  const when =
    other.observedAt < drop.observedAt
      ? agoText(drop, other)
      : `${spanText(other.observedAt - drop.observedAt)} after`;
  return {
    strength: 'shown',
    finding: `${ip} counted as ${called(dropped)} when the packet was dropped, and as ${called(seen)} ${when}: the node decided by an identity that was late or had changed.`,
    evidence: [other.seq],
  };
}

function called({ end }: End): string {
  const name = end.pod === '' ? endName(end, { names: [], ip: '' }) : podName(end);
  return end.identity === 0 ? name : `${name} (identity ${end.identity})`;
}

/** The first flow of a pod that is stored came shortly before the drop. */
async function justStarted(drop: StoredFlow, end: End, look: Look): ReturnType<DropCheck> {
  const [from, to] = [isEnd('from', end), isEnd('to', end)];
  if (end.end.pod === '' || from === undefined || to === undefined) return undefined;
  const { observedAt } = drop;
  const within = { from: nanos(observedAt - HOUR), to: nanos(observedAt + 1n) };
  // What is stored must reach back further, or every pod would look young.
  const span = await look.reader.span();
  if (span === undefined || span.from > observedAt - 2n * YOUNG) return undefined;
  const { flows, whole } = await find(look, either([from, to]), {
    within,
    limit: 1,
    order: 'oldest',
  });
  const [first] = flows;
  if (!whole || first === undefined || observedAt - first.observedAt > YOUNG) return undefined;
  return {
    strength: 'likely',
    finding: `${podName(end.end)} had just started: nothing of it is stored from more than ${spanText(observedAt - first.observedAt)} before the drop. Its identity may not have reached the node that dropped the packet.`,
    evidence: [first.seq],
  };
}
