import type { Manifest } from '../../core/manifest.ts';
import type { Family, Way } from '../form.ts';
import type { Draft, DraftRule } from './draft.ts';

type Parts = Pick<Draft<unknown>, 'namespace' | 'name' | 'labels' | 'rules'>;

const rulesOf = ({ rules }: Parts, way: Way): readonly unknown[] =>
  rules[way].map(({ rule }) => rule);

/** Only ways that have rules: isolation is the business of the policy that denies by default. */
const waysOf = ({ rules }: Parts): readonly Way[] =>
  (['ingress', 'egress'] as const).filter((way) => rules[way].length > 0);

const TYPES: Readonly<Record<Way, string>> = { ingress: 'Ingress', egress: 'Egress' };

/** The policy of a draft, in the words of its dialect. */
export function draftManifest(draft: Parts, family: Family): Manifest {
  const metadata = { name: draft.name, namespace: draft.namespace };
  const ways = waysOf(draft);
  const rules = Object.fromEntries(ways.map((way) => [way, rulesOf(draft, way)]));
  const types = ways.map((way) => TYPES[way]);
  switch (family) {
    case 'cilium':
      return {
        ...{ apiVersion: 'cilium.io/v2', kind: 'CiliumNetworkPolicy', metadata },
        spec: { endpointSelector: { matchLabels: draft.labels }, ...rules },
      };
    case 'calico':
      return {
        ...{ apiVersion: 'projectcalico.org/v3', kind: 'NetworkPolicy', metadata },
        spec: { selector: selectorOf(draft.labels), types, ...rules },
      };
    case 'k8s':
    case 'npapi':
      return {
        ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata },
        spec: { podSelector: { matchLabels: draft.labels }, policyTypes: types, ...rules },
      };
  }
}

const selectorOf = (labels: Parts['labels']): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key} == '${value}'`)
    .join(' && ');

/** The draft with other rules of one way. */
export function withRules<T>(draft: Draft<T>, way: Way, rules: readonly DraftRule<T>[]): Draft<T> {
  const changed = { ...draft, rules: { ...draft.rules, [way]: rules } };
  return { ...changed, manifest: draftManifest(changed, familyOf(draft.manifest)) };
}

const familyOf = ({ apiVersion }: Manifest): Family =>
  apiVersion.startsWith('cilium') ? 'cilium' : apiVersion.includes('calico') ? 'calico' : 'k8s';
