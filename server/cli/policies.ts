import { AppError } from '../core/errors.ts';
import { lastHitIn } from '../core/last-hit.ts';
import type { AttributionJson } from '../formats/api-json.ts';
import { nanos, parseTime, type EpochNanos } from '../core/time.ts';
import { systemClock } from '../lib/clock.ts';
import { listPolicies } from '../operations/policies/list-policies.ts';
import { createPolicyDesk, type PoliciesQuery } from '../operations/policies/policies.ts';
import { parsePolicyId } from '../operations/policies/policy-names.ts';
import type { ListedPolicyJson, ShownPolicyJson } from '../operations/policies/policy-shapes.ts';
import { showPolicy } from '../operations/policies/show-policy.ts';
import { minutesOf, wholeMinutes } from '../operations/policy-totals.ts';
import { readInventory } from '../operations/read-inventory.ts';
import { readRange } from '../operations/read-request.ts';
import { wholeSpan } from '../operations/whole-span.ts';
import { readEvaluated } from '../store/control/read-evaluated.ts';
import { readObjects } from '../store/control/read-objects.ts';
import type { FlowStore } from '../store/flow-store.ts';
import { printLowerBound } from './completeness.ts';
import { escapeControls, printJson, printTable, writeOut, type OutputFormat } from './print.ts';

export type PoliciesOptions = {
  readonly directory: string;
  readonly since: string;
  /** A moment; `undefined`: now. */
  readonly asOf: string | undefined;
  readonly output: OutputFormat;
};

const UNUSED_MS = 90 * 86_400_000;

/** Prints the policies of the inventory and those that hits name, with the hits that the dataplane reported. */
export async function printPolicies(
  store: FlowStore,
  options: PoliciesOptions & { readonly unused: boolean },
): Promise<void> {
  const { output, unused, directory } = options;
  using objects = readObjects(directory);
  const { query, asked } = await readQuery(store, options);
  const inventory = await readInventory(objects, query.now);
  using evaluated = readEvaluated(directory);
  const desk = createPolicyDesk({ reader: store, inventory, evaluated });
  const { policies, inventoryAt, attribution } = await listPolicies(desk, query);
  const wanted = unused ? policies.filter(({ status }) => status.kind === 'unused') : policies;
  if (output === 'json') for (const policy of wanted) printJson(policy);
  else printTable(HEADS, wanted.map(cells));
  if (inventoryAt === null && output === 'table')
    process.stderr.write(
      'no inventory source told any policies then: these are those that hits name\n',
    );
  if (output === 'table') process.stderr.write(`${evaluatedLine(attribution)}\n`);
  await printLowerBound(store, asked, 'policy-hits');
}

/** How far hits are evaluated, and how many decisions are nobody's. */
function evaluatedLine({ until, unattributed }: AttributionJson): string {
  if (until === null) return 'hits that no record names are not evaluated: a server does that';
  const open = unattributed.allowed + unattributed.denied + unattributed.staged;
  const why = unattributed.why.map(({ why: word, count }) => `${word} ${count}`).join(', ');
  return `evaluated up to ${until}; ${open} decisions not attributed${open === 0 ? '' : ` (${why})`}`;
}

const HEADS = [
  ...['policy', 'kind', 'tier', 'pods', 'allowed', 'denied', 'passed', 'audited'],
  ...['evaluated allowed', 'evaluated denied', 'last hit', 'rules', 'status'],
];

const cells = (policy: ListedPolicyJson): readonly string[] => {
  const { totals, evaluated, ruleCount, pods } = policy;
  const { namespace, name, tier } = policy.policy;
  return [
    namespace === '' ? name : `${namespace}/${name}`,
    policy.policy.kind,
    tier,
    pods === null ? '' : String(pods),
    ...[totals.allowed, totals.denied, totals.passed, totals.staged].map(String),
    ...[evaluated.totals.allowed, evaluated.totals.denied].map(String),
    lastHitIn(policy) ?? policy.lastInWindow ?? '',
    ruleCount === null ? '' : `${ruleCount.hit ?? '?'}/${ruleCount.of}`,
    policy.status.at === null ? policy.status.kind : `${policy.status.kind} ${policy.status.at}`,
  ];
};

/** Prints one policy: what it is, what became of its rules, its versions and its pods. */
export async function printPolicy(
  store: FlowStore,
  id: string,
  options: PoliciesOptions,
): Promise<void> {
  const path = parsePolicyId(id);
  if (path === undefined)
    throw new AppError(
      'bad-request',
      `'${id}' names no policy: write KIND/NAMESPACE/NAME, with - for what is cluster-wide`,
    );
  using objects = readObjects(options.directory);
  const { query, asked } = await readQuery(store, options);
  const inventory = await readInventory(objects, query.now);
  using evaluated = readEvaluated(options.directory);
  const desk = createPolicyDesk({ reader: store, inventory, evaluated });
  const shown = await showPolicy(desk, path, query);
  if (options.output === 'json') printJson(shown);
  else await printShown(shown);
  await printLowerBound(store, asked, 'policy-hits');
}

async function printShown(shown: ShownPolicyJson): Promise<void> {
  const { policy, rules, versions, selected, faults, unattributed } = shown;
  const lines = [
    `${policy.id}: ${policy.status.kind}. ${policy.status.why}`,
    ...faults.map(({ path, message }) => `refused: ${path} ${message}`),
    ...unattributed.map(({ way, totals, why }) => `${way}: ${sum(totals)} hits of no rule: ${why}`),
    ...shown.byDefault.map(
      ({ way, totals, shared }) =>
        `${way}: ${sum(totals)} denied by default, evaluated; ${shared} of them are hits of other policies too`,
    ),
    ...(policy.pods === null
      ? ['what it selects is not known']
      : [`selects ${selected.length} pods${selected.length === 0 ? '' : ':'}`]),
    ...selected.map(({ namespace, name }) => `  ${namespace}/${name}`),
  ];
  await writeOut(lines.map((line) => `${escapeControls(line)}\n`).join(''));
  printTable(
    ['rule', 'effect', 'fate', 'hits', 'evaluated', 'last hit', 'why'],
    rules.map((rule) => [
      ...[rule.path, rule.effect],
      rule.basis === 'evaluated' ? `${rule.fate}, evaluated` : rule.fate,
      ...[String(sum(rule.totals)), String(sum(rule.evaluated.totals))],
      ...[lastHitIn(rule) ?? '', rule.why],
    ]),
  );
  printTable(
    ['version from', 'until', 'how', 'generation', 'hits'],
    versions.map(({ from, until, how, generation, totals, counted }) => [
      ...[from, until ?? '', how, generation === null ? '' : String(generation)],
      counted ? String(sum(totals)) : '',
    ]),
  );
}

const sum = ({ allowed, denied, passed, staged }: ListedPolicyJson['totals']): number =>
  allowed + denied + passed + staged;

async function readQuery(
  store: FlowStore,
  { since, asOf: text }: PoliciesOptions,
): Promise<{ readonly query: PoliciesQuery; readonly asked: ReturnType<typeof readRange> }> {
  const clock = systemClock();
  const now = nanos(clock.now());
  const asOf = text === undefined ? undefined : readMoment(text);
  const asked = readRange(since, { ...clock, now: () => asOf ?? now });
  const within = wholeMinutes(asked ?? (await wholeSpan(store)));
  const buckets = Math.min(24, minutesOf(within));
  return { query: { within, buckets, now, asOf, windowMs: UNUSED_MS }, asked };
}

function readMoment(text: string): EpochNanos {
  const at = parseTime(text);
  if (at !== undefined) return at;
  throw new AppError('bad-time', `--as-of: '${text}' is no moment such as 2026-11-23T10:00:00Z`);
}
