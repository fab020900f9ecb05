import { Option, type Command } from 'commander';
import { AppError } from '../core/errors.ts';
import { systemClock } from '../lib/clock.ts';
import { readFields, readQuery } from '../operations/read-request.ts';
import { readSpan, type Span } from '../operations/read-span.ts';
import type { FlowQuery } from '../store/flow-store.ts';
import {
  DATA_SETTINGS,
  storeCommand,
  textFlag,
  withSettings,
  type Flags,
  type WithStore,
} from './command-parts.ts';
import { printComparison } from './compare.ts';
import { FLOW_OUTPUTS } from './flow-output.ts';
import { writeSample } from './flows-sample.ts';
import { printFlows, type FlowsOptions } from './flows.ts';
import { COUNT_OUTPUTS, printTop, type CountOutput } from './top.ts';

const SINCE = "from when on: a duration (15m), a moment, a range such as now-2h..now-1h, or 'all'";
const UNTIL = 'up to when: a duration back from now, or a moment';

const FLOWS_EXAMPLES = `
Examples:
  dropwise flows 'verdict:dropped ns:shop' --since 2h
  dropwise flows --since 2026-11-22T08:00:00Z --until 2026-11-22T09:00:00Z -o csv > hour.csv
  dropwise flows --since 24h --top from.wl,to.wl 'verdict:dropped'
  dropwise flows --follow -o json 'is:external' | jq .source.pod
  dropwise flows --since all -o jsonpb -- '-event:flow-log'

--top prints when each group was seen first and last. jsonpb prints the records of Hubble flows as
'hubble observe -o jsonpb' does. Verdicts have colours on a terminal, unless NO_COLOR is set.`;

const COMPARE_EXAMPLES = `
Examples:
  dropwise compare --since 1h                       this hour with the one before
  dropwise compare 'verdict:dropped' --since 1h --with now-25h..now-24h --by to.wl,port
  dropwise compare --since 24h --with now-8d..now-1d --by from.ns,to.ns -o csv > week.csv

Windows of different lengths are compared by events an hour.`;

/** Commands that ask about stored flows. */
export function addHistoryCommands(
  program: Command,
  withStore: WithStore,
  dataDirectory: (flags: Flags) => string,
): void {
  const flows = storeCommand(program, 'flows [query]', FLOW_OUTPUTS)
    .description(
      "print stored flows in the order in which they were stored; the query language is in docs/query.md (put -- before a query that begins with '-')",
    )
    .option('--since <time>', `${SINCE}; default 15m`)
    .option('--until <time>', UNTIL)
    .option('--last <number>', 'only the newest so many')
    .option(
      '-f, --follow',
      'go on with what is stored from now on; without --since or --last only that',
    )
    .option('--top <fields>', 'count by one or two fields instead, such as to.wl or from.wl,to.wl')
    .option('--rows <number>', 'rows of --top, 1 to 10000; default 20')
    .addHelpText('after', FLOWS_EXAMPLES)
    .action((query: string | undefined, flags: Flags) => {
      const use = readFlows(query ?? '', flags);
      return withStore(flags, { write: false }, use);
    });
  addSample(flows, withStore, dataDirectory);

  storeCommand(program, 'compare [query]', COUNT_OUTPUTS)
    .description('print what is new, gone or at another rate in one time, against another')
    .option('--since <time>', `${SINCE}; default 1h`)
    .option('--until <time>', UNTIL)
    .option(
      '--with <range>',
      'what to compare with; default the time of the same length right before',
    )
    .addOption(new Option('--by <fields>', 'one or two fields').default('from.wl,to.wl'))
    .option('--rows <number>', 'the greatest differences, 1 to 10000; default 20')
    .addHelpText('after', COMPARE_EXAMPLES)
    .action((query: string | undefined, flags: Flags) => {
      const { where } = readQuery(query ?? '');
      const baseline = textFlag(flags, 'with');
      const options = {
        where,
        by: readFields(textFlag(flags, 'by') ?? ''),
        rows: readRows(flags),
        current: spanOf(flags, '1h'),
        baseline:
          baseline === undefined ? undefined : readSpan(...spanArguments(baseline, undefined, '')),
        output: countOutput(flags),
      };
      return withStore(flags, { write: false }, (store) => printComparison(store, options));
    });
}

function addSample(
  flows: Command,
  withStore: WithStore,
  dataDirectory: (flags: Flags) => string,
): void {
  withSettings(flows.command('sample <file> [query]'), DATA_SETTINGS)
    .description(
      'write the distinct connections of a time, and the objects they are weighed with, into a file for dropwise simulate; .gz is compressed',
    )
    .option('--since <time>', `${SINCE}; default 14d`)
    .option('--until <time>', UNTIL)
    .option('--pseudonyms', 'give pods and nodes other names')
    .action((file: string, query: string | undefined, _: unknown, command: Command) => {
      const flags: Flags = command.optsWithGlobals();
      const { where } = readQuery(query ?? '');
      const span = spanOf(flags, '14d');
      const options = { file, directory: dataDirectory(flags), where, span };
      return withStore(flags, { write: false }, (store) =>
        writeSample(store, { ...options, pseudonyms: flags['pseudonyms'] === true }),
      );
    });
}

type UseStore = Parameters<WithStore>[2];

/** Reads what was asked, before any store is opened. */
function readFlows(text: string, flags: Flags): UseStore {
  const { where } = readQuery(text);
  const top = textFlag(flags, 'top');
  const follow = flags['follow'] === true;
  refuseTogether(flags, 'top', ['follow', 'last']);
  refuseTogether(flags, 'follow', ['until']);
  if (top === undefined && flags['rows'] !== undefined) {
    throw new AppError(
      'bad-request',
      '--rows goes with --top; --last limits the flows that are printed',
    );
  }
  if (top !== undefined) {
    const options = { by: readFields(top), rows: readRows(flags), output: countOutput(flags) };
    const query = queryOf(where, spanOf(flags, '15m'));
    return (store) => printTop(store, query, options);
  }
  const last = textFlag(flags, 'last');
  const output = FLOW_OUTPUTS.find((choice) => choice === flags['output']) ?? 'table';
  const begins = textFlag(flags, 'since') !== undefined || last !== undefined;
  const options: FlowsOptions = {
    last: last === undefined ? undefined : readNumber('last', last, Number.MAX_SAFE_INTEGER),
    output,
    follow: !follow ? 'no' : begins ? 'after' : 'new',
  };
  const query = queryOf(where, follow ? followedSpan(flags, begins) : spanOf(flags, '15m'));
  return (store) => printFlows(store, query, options);
}

const queryOf = (where: FlowQuery['where'], within: Span): FlowQuery => ({
  where,
  ...(within.from === undefined && within.to === undefined ? {} : { within }),
});

/** Has no end, or what comes later would lie behind it. */
function followedSpan(flags: Flags, begins: boolean): Span {
  const since = textFlag(flags, 'since');
  if (since?.includes('..') === true) {
    throw new AppError('bad-time', `'${since}' has an end; --follow takes a beginning only`);
  }
  if (!begins) return {};
  const { from } = spanOf(flags, '15m');
  return from === undefined ? {} : { from };
}

const spanOf = (flags: Flags, fallback: string): Span =>
  readSpan(...spanArguments(textFlag(flags, 'since'), textFlag(flags, 'until'), fallback));

const spanArguments = (
  since: string | undefined,
  until: string | undefined,
  fallback: string,
): Parameters<typeof readSpan> => [
  { since, until },
  { fallback, clock: systemClock() },
];

function countOutput(flags: Flags): CountOutput {
  const found = COUNT_OUTPUTS.find((choice) => choice === flags['output']);
  if (found !== undefined) return found;
  throw new AppError(
    'bad-request',
    `--top prints ${COUNT_OUTPUTS.join(', ')}, not ${String(flags['output'])}`,
  );
}

const MAX_ROWS = 10_000;

const readRows = (flags: Flags): number =>
  readNumber('rows', textFlag(flags, 'rows') ?? '20', MAX_ROWS);

function readNumber(flag: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value <= most) return value;
  throw new AppError(
    'bad-request',
    `--${flag} must be a whole number from 1 to ${most}, not '${text}'`,
  );
}

function refuseTogether(flags: Flags, flag: string, others: readonly string[]): void {
  if (flags[flag] === undefined) return;
  const other = others.find((name) => flags[name] !== undefined);
  if (other === undefined) return;
  throw new AppError('bad-request', `--${flag} and --${other} do not go together; leave one out`);
}
