import type { ListedPolicyJson, PolicyResponse } from '../../../server/http/contract.ts';
import { formatAge } from './time.ts';

type PolicyStatus = ListedPolicyJson['status'];

const STATUS_WORDS: Readonly<Record<PolicyStatus['kind'], string>> = {
  active: 'active',
  edited: 'edited',
  unused: 'unused',
  'no-hits': 'no hits yet',
  'not-observable': 'not observable',
  'not-enforced': 'not enforced here',
  invalid: 'invalid',
  gone: 'gone',
  unlisted: 'not in the inventory',
};

/** `edited 2d`. */
export const statusWords = ({ kind, at }: PolicyStatus, now: number): string =>
  at === null ? STATUS_WORDS[kind] : `${STATUS_WORDS[kind]} ${formatAge(at, now)}`;

const FATE_WORDS: Readonly<Record<PolicyResponse['rules'][number]['fate'], string>> = {
  hit: 'hit',
  quiet: 'not hit',
  'selects-nothing': 'selects nothing',
  'too-young': 'too young',
  edited: 'edited since',
  'not-observable': 'not observable',
  shadowed: 'shadowed',
};

const BASIS_WORDS: Readonly<Record<ListedPolicyJson['basis'], string>> = {
  reported: 'reported',
  evaluated: 'evaluated',
  both: 'reported and evaluated',
};

export const basisWords = (basis: ListedPolicyJson['basis']): string => BASIS_WORDS[basis];

/** `hit, evaluated`. */
export const fateWords = ({
  fate,
  basis,
}: Pick<PolicyResponse['rules'][number], 'fate' | 'basis'>): string =>
  basis === 'evaluated' ? `${FATE_WORDS[fate]}, evaluated` : FATE_WORDS[fate];

const KIND_SHORT: Readonly<Record<string, string>> = {
  NetworkPolicy: 'NP',
  CalicoNetworkPolicy: 'Calico NP',
  GlobalNetworkPolicy: 'GNP',
  StagedNetworkPolicy: 'SNP',
  StagedGlobalNetworkPolicy: 'SGNP',
  StagedKubernetesNetworkPolicy: 'SKNP',
  CiliumNetworkPolicy: 'CNP',
  CiliumClusterwideNetworkPolicy: 'CCNP',
  AdminNetworkPolicy: 'ANP',
  BaselineAdminNetworkPolicy: 'BANP',
  ClusterNetworkPolicy: 'KCNP',
};

/** As `kubectl` shortens it; the whole word stands in the title. */
export const kindShort = (kind: string): string => KIND_SHORT[kind] ?? (kind === '' ? '–' : kind);

const WAY_SHORT = { ingress: 'in', egress: 'eg' } as const;

export const waysShort = (ways: readonly ('ingress' | 'egress')[]): string =>
  ways.map((way) => WAY_SHORT[way]).join('+') || '–';

/** `1/2`; `?/2` where nobody names rules. */
export const ruleWords = (
  count: { readonly hit: number | null; readonly of: number } | null,
): string => (count === null ? '–' : `${count.hit ?? '?'}/${count.of}`);
