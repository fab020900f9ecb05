import { AppError } from '../../core/errors.ts';
import { formatTime, type EpochNanos, type TimeWindow } from '../../core/time.ts';
import { completenessToJson } from '../../formats/completeness-json.ts';
import { windowToJson } from '../../formats/flow-json.ts';
import type { AnalysisDesk } from '../analysis-desk.ts';
import { completenessOf } from '../completeness.ts';
import { minutesOf, wholeMinutes } from '../policy-totals.ts';
import { wholeSpan } from '../whole-span.ts';
import { listPolicies } from './list-policies.ts';
import { noPodText, podPolicies, type PodQuestion } from './pod-policies.ts';
import type { PoliciesQuery } from './policies.ts';
import type { PolicyPath } from './policy-names.ts';
import type { PodPoliciesResponse } from './policy-shapes.ts';
import { showPolicy } from './show-policy.ts';

export type PoliciesQuestion = Omit<PoliciesQuery, 'within'> & {
  /** `undefined`: all that is stored. */
  readonly within: TimeWindow | undefined;
};

/** Every policy, with its hits in the whole minutes of a range. */
export async function answerPolicies(desk: AnalysisDesk, question: PoliciesQuestion) {
  const { query, counted } = await readQuestion(desk, question);
  return { ...counted, ...(await listPolicies(desk.policies, query)) };
}

/** One policy; throws an AppError `not-found` for a name that nobody knows. */
export async function answerPolicy(
  desk: AnalysisDesk,
  { path, ...question }: PoliciesQuestion & { readonly path: PolicyPath },
) {
  const { query, counted } = await readQuestion(desk, question);
  return { ...counted, ...(await showPolicy(desk.policies, path, query)) };
}

async function readQuestion({ reader }: AnalysisDesk, question: PoliciesQuestion) {
  const within = wholeMinutes(question.within ?? (await wholeSpan(reader)));
  const buckets = Math.min(question.buckets, minutesOf(within));
  const query: PoliciesQuery = { ...question, within, buckets };
  const completeness = await completenessOf(reader, question.within && within, {
    ...{ now: question.now, of: 'policy-hits' },
  });
  const counted = {
    ...{ range: windowToJson(within), buckets },
    completeness: completenessToJson(completeness),
  };
  return { query, counted };
}

/** The policies that select a pod; throws an AppError `not-found` for one that was not there. */
export async function answerPodPolicies(
  { inventory, policies: { book, dataplanes } }: AnalysisDesk,
  // `asOf` that is `undefined`: as of now.
  { asOf, ...pod }: PodQuestion & { readonly asOf: EpochNanos | undefined },
): Promise<PodPoliciesResponse> {
  const snapshot = asOf === undefined ? inventory.current() : await inventory.asOf(asOf);
  const told = podPolicies(book, snapshot, pod, await dataplanes.find());
  if (told === undefined) throw new AppError('not-found', noPodText(pod, snapshot));
  return { at: formatTime(snapshot.at), ...told };
}
