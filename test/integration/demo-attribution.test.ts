import { expect, test } from 'vitest';
import type { PoliciesResponse } from '../../server/http/contract.ts';
import { nanos } from '../../server/core/time.ts';
import { openAnalysisDesk } from '../../server/operations/analysis-desk.ts';
import { attributeStored } from '../../server/operations/attribution/attribute.ts';
import type { EvaluatedRule } from '../../server/store/control/evaluated-hits.ts';
import { readEvaluated } from '../../server/store/control/read-evaluated.ts';
import { eventually } from '../support/eventually.ts';
import { startTestServer } from '../support/page-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const keyOf = ({ policy, direction, rule, named }: EvaluatedRule): string =>
  JSON.stringify([policy, direction, rule, named]);

test('the server evaluates what the clusters of the demo name nobody for, and its counters are those of a recount', async () => {
  await using directory = await temporaryDirectory();
  // Minutes that were over: a step that ends in the middle of one knows less of it than the next does.
  const over = Math.floor(Date.now() / 60_000);
  {
    await using server = await startTestServer(directory.path);
    await eventually(
      async () => {
        const response = await fetch(`${server.url}api/v1/policies?t=now-3h..now`);
        const { policies } = (await response.json()) as PoliciesResponse;
        const denying = policies.filter(
          ({ totals, evaluated }) => totals.denied === 0 && evaluated.totals.denied > 0,
        );
        const dialects = new Set(denying.map(({ dialect }) => dialect));
        expect(dialects).toEqual(new Set(['kubernetes', 'cilium', 'calico']));
      },
      { timeoutMs: 60_000, everyMs: 500 },
    );
  }
  using evaluated = readEvaluated(directory.path);
  const mark = evaluated.mark()!;
  const desk = await openAnalysisDesk(directory.path);
  const question = { after: 0, upTo: mark.seq, verdictsOf: [], now: mark.until };
  const recount = new Map<string, number>();
  for (const cell of (await attributeStored(desk, question)).cells)
    if (cell.minute < over)
      recount.set(
        keyOf(cell),
        (recount.get(keyOf(cell)) ?? 0) + cell.allowed + cell.denied + cell.staged,
      );
  const within = { from: nanos(0n), to: nanos(BigInt(over) * 60_000_000_000n) };
  const counted = evaluated
    .read({ within, buckets: 1 })
    .map((row): [string, number] => [
      keyOf(row),
      row.totals.allowed + row.totals.denied + row.totals.staged,
    ]);
  expect(recount.size).toBeGreaterThan(50);
  expect(new Map(counted)).toEqual(recount);
}, 120_000);
