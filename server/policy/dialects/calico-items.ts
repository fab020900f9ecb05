import type { ClusterFacts, Labels, PodParty } from '../facts.ts';
import { labelsOf, labelValue, namespaceLabels } from '../labels.ts';
import { truthOf, type Truth } from '../truth.ts';
import type { HostEndpoint, NetworkSet } from './calico-references.ts';
import { selectorHolds, type Selector } from './calico-selector.ts';

/** Something with labels that a selector can find: a pod, a network set, a host endpoint. */
export type Item = {
  /** Empty for what belongs to no namespace. */
  readonly namespace: string;
  label(key: string): string | null | undefined;
  /** Labels of its service account; all `null` for what has none. */
  accountLabel(key: string): string | null | undefined;
  readonly facts: ClusterFacts;
};

const NAMESPACE = 'projectcalico.org/namespace';
const NAME = 'projectcalico.org/name';
const ACCOUNT = 'projectcalico.org/serviceaccount';
const ORCHESTRATOR = 'projectcalico.org/orchestrator';
/** Under these Calico hands the labels of a namespace and of a service account to what is in it. */
const INHERITED = { namespace: 'pcns.', account: 'pcsa.' };

const none = (): null => null;

export function podItem(pod: PodParty, facts: ClusterFacts): Item {
  const { namespace, labels, serviceAccount } = pod;
  const accountLabel = (key: string): string | null | undefined =>
    serviceAccount === undefined
      ? undefined
      : labelOfAccount(facts, namespace, serviceAccount, key);
  return {
    namespace,
    facts,
    accountLabel,
    label(key) {
      if (key === NAMESPACE) return namespace;
      if (key === ORCHESTRATOR) return 'k8s';
      if (key === ACCOUNT) return serviceAccount;
      const own = labels.known.get(key);
      if (own !== undefined) return own;
      if (key.startsWith(INHERITED.namespace))
        return namespaceLabel(facts, namespace, key.slice(INHERITED.namespace.length));
      if (key.startsWith(INHERITED.account))
        return accountLabel(key.slice(INHERITED.account.length));
      return labelValue(labels, key);
    },
  };
}

export const setItem = ({ namespace, labels }: NetworkSet, facts: ClusterFacts): Item => ({
  namespace,
  facts,
  accountLabel: none,
  label(key) {
    if (namespace !== '' && key === NAMESPACE) return namespace;
    const own = labels.known.get(key);
    if (own !== undefined || namespace === '' || !key.startsWith(INHERITED.namespace))
      return own ?? null;
    return namespaceLabel(facts, namespace, key.slice(INHERITED.namespace.length));
  },
});

export const hostItem = ({ labels }: HostEndpoint, facts: ClusterFacts): Item => ({
  namespace: '',
  facts,
  accountLabel: none,
  label: (key) => labelValue(labels, key),
});

function namespaceLabel(
  facts: ClusterFacts,
  namespace: string,
  key: string,
): string | null | undefined {
  return key === NAME ? namespace : labelValue(namespaceLabels(facts, namespace), key);
}

function labelOfAccount(
  facts: ClusterFacts,
  namespace: string,
  name: string,
  key: string,
): string | null | undefined {
  if (key === NAME) return name;
  const labels = facts.serviceAccounts.get(`${namespace}/${name}`) ?? unlisted(facts);
  return labelValue(labels, key);
}

/** One that is missing among others has no labels that count; where none are listed, nobody looked. */
const unlisted = ({ serviceAccounts }: ClusterFacts): Labels =>
  labelsOf({}, serviceAccounts.size > 0);

export const selectsItem = (selector: Selector, item: Item): Truth =>
  selectorHolds(selector, { label: item.label, all: 'yes', global: 'yes' });

/**
 * A selector of namespaces finds what is in one; only where it says `global()` does it find what is in none, which
 * has no label that it could look at.
 */
export function namespaceSelectsItem(selector: Selector, { namespace, facts }: Item): Truth {
  const isGlobal = namespace === '';
  if (isGlobal && !mentionsGlobal(selector)) return 'no';
  return selectorHolds(selector, {
    label: (key) => (isGlobal ? null : namespaceLabel(facts, namespace, key)),
    all: truthOf(!isGlobal),
    global: truthOf(isGlobal),
  });
}

function mentionsGlobal(selector: Selector): boolean {
  switch (selector.kind) {
    case 'global':
      return true;
    case 'not':
      return mentionsGlobal(selector.operand);
    case 'and':
    case 'or':
      return selector.operands.some(mentionsGlobal);
    default:
      return false;
  }
}

export const accountSelectsItem = (selector: Selector, item: Item): Truth =>
  selectorHolds(selector, { label: item.accountLabel, all: 'yes', global: 'yes' });
