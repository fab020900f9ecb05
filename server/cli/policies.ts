import { policyName } from '../core/policy-name.ts';
import { formatTime } from '../core/time.ts';
import { systemClock } from '../lib/clock.ts';
import { policyJson } from '../operations/policy-json.ts';
import { policyTotals, type PolicyTotals } from '../operations/policy-totals.ts';
import { readRange } from '../operations/read-request.ts';
import { wholeSpan } from '../operations/whole-span.ts';
import type { FlowStore } from '../store/flow-store.ts';
import { printLowerBound } from './completeness.ts';
import { printJson, printTable, type OutputFormat } from './print.ts';

/** Prints the hits per policy that the dataplane reported. */
export async function printPolicies(
  store: FlowStore,
  { since, output }: { readonly since: string; readonly output: OutputFormat },
): Promise<void> {
  const asked = readRange(since, systemClock());
  const within = asked ?? (await wholeSpan(store));
  const policies = await policyTotals(store, { within, buckets: 1 });
  if (output === 'json') for (const policy of policies) printJson(policyJson(policy));
  else printTotals(policies);
  await printLowerBound(store, asked, 'policy-hits');
}

function printTotals(policies: readonly PolicyTotals[]): void {
  printTable(
    ['policy', 'kind', 'tier', 'allowed', 'denied', 'passed', 'audited', 'last hit'],
    policies.map(({ policy, totals, lastHit }) => [
      policyName(policy),
      policy.kind,
      policy.tier,
      String(totals.allowed),
      String(totals.denied),
      String(totals.passed),
      String(totals.staged),
      formatTime(lastHit),
    ]),
  );
}
