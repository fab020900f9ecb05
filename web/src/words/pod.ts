import type { PodPoliciesResponse } from '../../../server/http/contract.ts';
import { plural } from './numbers.ts';

type Isolation = PodPoliciesResponse['isolation'][number];
type PodPolicy = PodPoliciesResponse['policies'][number];

/** What a person reads of one direction at the pods of one cluster. */
export type WayWords = {
  readonly cluster: string;
  readonly way: Isolation['way'];
  readonly state: 'isolated' | 'open' | 'partly' | 'unsure' | 'not-subject';
  readonly sentence: string;
  /** Those that count first, then staged ones and those that nobody enforces. */
  readonly policies: readonly PodPolicy[];
};

/** Says for each cluster and direction what stands against traffic that no rule admits. */
export const waysWords = (shown: PodPoliciesResponse): readonly WayWords[] =>
  shown.isolation.map((isolation) => {
    const { cluster, way } = isolation;
    const policies = shown.policies
      .filter((policy) => policy.cluster === cluster && policy.directions.includes(way))
      .toSorted((a, b) => Number(counts(b)) - Number(counts(a)) || a.id.localeCompare(b.id, 'en'));
    return { cluster, way, policies, ...saidOf(isolation, policies, shown) };
  });

const counts = ({ staged, enforced }: PodPolicy): boolean => enforced && !staged;

function saidOf(
  { way, pods, isolated, unsure }: Isolation,
  policies: readonly PodPolicy[],
  { by, untold }: PodPoliciesResponse,
): Pick<WayWords, 'state' | 'sentence'> {
  const it = by === 'pod' && pods <= 1 ? 'it' : 'its pods';
  if (pods === 0)
    return {
      state: 'not-subject',
      sentence: `${by === 'pod' ? 'It shares' : 'They share'} the network of the node, where no policy for pods applies.`,
    };
  if (isolated === pods)
    return {
      state: 'isolated',
      sentence: `Isolated for ${way}: what none of these policies allows is denied.`,
    };
  if (unsure > 0)
    return {
      state: 'unsure',
      sentence: `Whether ${it} ${it === 'it' ? 'is' : 'are'} isolated for ${way} cannot be said: a fact that decides it is not known.`,
    };
  if (isolated > 0)
    return {
      state: 'partly',
      sentence: `${isolated} of ${plural(pods, 'pod')} are isolated for ${way}; at the others everything is allowed that no policy denies.`,
    };
  if (untold.length > 0)
    return {
      state: 'unsure',
      sentence: `No policy that is known isolates ${it} for ${way}. That proves nothing: of ${plural(untold.length, 'kind')} of policies not all were told at that time (${untold.join(', ')}).`,
    };
  return {
    state: 'open',
    sentence: policies.some(counts)
      ? `Not isolated for ${way}: what none of these policies denies is allowed.`
      : `Not isolated for ${way}: no policy selects ${it}, so everything is allowed.`,
  };
}

/** What has to be known of a policy that stands in such a list. */
export function marksOf(
  { staged, enforced, unsure, pods }: PodPolicy,
  of: number,
): readonly string[] {
  return [
    ...(staged ? ['staged, so it decides nothing'] : []),
    ...(enforced ? [] : ['not enforced here']),
    ...(unsure ? ['may select it'] : pods < of ? [`selects ${pods} of ${of} pods`] : []),
  ];
}
