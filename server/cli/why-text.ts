import type {
  EndExplanation,
  Explanation,
  PolicyName,
  RuleLine,
  SourcePlace,
  Suggestion,
  TestLine,
} from '../core/explanation.ts';
import type { StoredFlow } from '../core/flow.ts';
import { policyName } from '../core/policy-name.ts';
import { placeText } from '../core/source-place.ts';
import { oneChangeDiff } from './one-change-diff.ts';
import { growingTable } from './print.ts';
import { FLOW_HEADINGS, flowCells } from './flow-line.ts';

/** Rules that are printed of each end: the nearest. */
const MAX_RULES = 5;

/** An explanation as text; `files` names the files of policies that are known by text. */
export function whyText(flow: StoredFlow, told: Explanation, fileOf: FileOf): string {
  const { against, timeline } = told;
  const policies =
    against === undefined
      ? 'no policies are known for that time'
      : `against ${counted(against.policies)} ${against.of === 'files' ? 'of the files' : `as of ${short(against.at)}`}, ${against.dataplane}`;
  return [
    growingTable(FLOW_HEADINGS)([flowCells(flow)]),
    `\n${told.headline}\n${told.provenance}; ${policies}\n`,
    told.reported === '' ? '' : `${told.reported}\n`,
    list('Assumed', against?.assumed ?? []),
    list('Missing', told.missing),
    list('Causes, likeliest first', told.conflict),
    ...told.ends.map(endText),
    list('Notes', told.notes),
    timeline === undefined ? '' : timelineText(timeline),
    list(
      'Changed in between, likeliest cause first (in time, which is no proof)',
      told.changes.map(
        ({ at, sentence, decisive }) =>
          `${short(at)}  ${sentence}${decisive ? '; without it the policies would not deny' : ''}`,
      ),
    ),
    list(
      'Differs from what is allowed to the same place',
      told.differs.map(
        ({ field, value, ofDrops, ofAllowed }) =>
          `${field} ${value}: ${percent(ofDrops)} of drops, ${percent(ofAllowed)} of allowed`,
      ),
    ),
    list(
      'Similar drops in the hour around',
      told.similar.map(({ label, count, query }) => `${count}  ${label}: ${query}`),
    ),
    told.suggestion === undefined
      ? told.noSuggestion === ''
        ? ''
        : `\nNo suggestion\n  ${told.noSuggestion}\n`
      : suggestionText(told.suggestion, fileOf),
  ].join('');
}

export type FileOf = (policy: PolicyName) => string | undefined;

const counted = (count: number): string => `${count} ${count === 1 ? 'policy' : 'policies'}`;
const short = (time: string): string => time.replace(/\.\d+Z$/, 'Z');
const percent = (share: number): string => `${Math.round(share * 100)}%`;

const list = (title: string, lines: readonly string[]): string =>
  lines.length === 0 ? '' : `\n${title}\n${lines.map((line) => `  ${line}\n`).join('')}`;

const MARK = { yes: '✓', no: '✗', unknown: '?' } as const;

const nameOf = (policy: PolicyName): string =>
  `${policy.kind} ${policyName({ ...policy, tier: '' })}`;

function endText(end: EndExplanation): string {
  const more = end.tried.length - MAX_RULES;
  return [
    `\n${end.way === 'egress' ? 'Egress' : 'Ingress'} of ${end.subject}: ${end.verdict} (${end.reason})\n  ${end.sentence}\n`,
    ...end.selected.map(
      ({ policy, tests, place }) =>
        `  selects  ${nameOf(policy)}${besideIt(place)}${tests.length === 0 ? '' : `  ${tests.map(testText).join(', ')}`}\n`,
    ),
    `  looked at ${counted(end.looked)}\n`,
    ...end.tried.slice(0, MAX_RULES).map(ruleText),
    more > 0 ? `  and ${more} more rules, further off\n` : '',
  ].join('');
}

function ruleText({ policy, path, place, effect, truth, clauses }: RuleLine): string {
  const lines = clauses.flatMap(({ kind, truth: holds, tests, others, entries }) =>
    entries.length > 1
      ? entries.map((entry) => `      ${kind} ${entry.map(testText).join(', ')}\n`)
      : [
          `      ${kind} ${tests
            .filter((test) => holds === 'yes' || test.truth !== 'yes')
            .map(testText)
            .join(', ')}${others > 0 && holds !== 'yes' ? ` (nor ${others} more)` : ''}\n`,
        ],
  );
  return [
    `  ${MARK[truth]} ${effect}  ${nameOf(policy)} ${path}${besideIt(place)}\n`,
    ...lines,
  ].join('');
}

const testText = ({ truth, expected, actual, place }: TestLine): string =>
  truth === 'yes'
    ? `✓ ${expected}`
    : `${MARK[truth]} ${expected} expected, ${actual} found${besideIt(place)}`;

/** Empty for what no file is known for. */
const besideIt = (place: SourcePlace | undefined): string =>
  place === undefined ? '' : `  ${placeText(place)}`;

function suggestionText(suggestion: Suggestion, fileOf: FileOf): string {
  const { parts, alsoAllows, alsoAllowed, weighed, proof, command } = suggestion;
  const diffs = parts.map(({ policy, before, after }) => {
    const file = fileOf(policy) ?? `${policy.name}.yaml`;
    const names = { before: before === '' ? '/dev/null' : `a/${file}`, after: `b/${file}` };
    return oneChangeDiff(before, after, names);
  });
  const others = alsoAllows.map(
    ({ from, to, port, count }) => `${from} → ${to} ${port}: ${count} dropped`,
  );
  const more = alsoAllowed - alsoAllows.length;
  if (more > 0)
    others.push(`and ${more} more; the first ${alsoAllows.length} of ${alsoAllowed} are listed`);
  return [
    `\nSuggestion (nothing is applied)\n`,
    ...diffs,
    list(
      `Of ${weighed.groups} ${weighed.groups === 1 ? 'group' : 'groups'} of drops since ${short(weighed.since)} it would also let through`,
      others.length === 0 ? ['none'] : others,
    ),
    `\n${proof}\nTry: ${command}\n`,
  ].join('');
}

function timelineText({ lastAllowed, firstDropped }: NonNullable<Explanation['timeline']>): string {
  if (firstDropped === undefined)
    return '\nTime\n  when it was last allowed is not known: not everything was searched in time\n';
  const before =
    lastAllowed === undefined
      ? 'not known to have been allowed before'
      : `last allowed ${short(lastAllowed.at)}`;
  return `\nTime\n  ${before}, first dropped ${short(firstDropped.at)}\n`;
}
