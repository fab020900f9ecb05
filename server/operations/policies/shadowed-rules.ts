import { isRecord, pathText, valueAtPath, type ManifestPath } from '../../core/manifest.ts';
import { coveredRules } from '../../policy/check/covered-rules.ts';
import { orderlessText } from '../../policy/check/orderless-text.ts';
import type { CompiledPolicy, Rule } from '../../policy/form.ts';

/** A rule that changes nothing, and why. */
export type Shadowed = { readonly path: ManifestPath; readonly why: string };

/**
 * Rules of a policy whose matches are all decided by another rule of it, as far as their texts prove it. What another
 * policy decides first is not looked for: that depends on which pods both select.
 */
export function shadowedRules(policy: CompiledPolicy): readonly Shadowed[] {
  switch (policy.family) {
    case 'k8s':
    case 'npapi':
      return coveredRules(policy).map(({ path, message }) => ({ path, why: message }));
    case 'calico':
      return eachRule(policy, neverReached);
    case 'cilium':
      return eachRule(policy, addsNothing);
  }
}

type Written = { readonly rule: Rule; readonly text: Fields };
type Fields = Readonly<Record<string, unknown>>;
type Judge = (rule: Written, at: number, all: readonly Written[]) => string | undefined;

function eachRule(policy: CompiledPolicy, judge: Judge): readonly Shadowed[] {
  return [policy.rules.ingress, policy.rules.egress].flatMap((rules) => {
    // Of one rule a dialect may make several.
    const byPath = new Map(rules.map((rule) => [pathText(rule.path), rule]));
    const all = [...byPath.values()].map((rule) => ({
      rule,
      text: ruleAt(policy.manifest, rule.path),
    }));
    return all.flatMap((each, at) => {
      const why = judge(each, at, all);
      return why === undefined ? [] : [{ path: each.rule.path, why }];
    });
  });
}

/** Calico takes the first rule that matches; `Log` lets the next ones go on. */
const neverReached: Judge = ({ text }, at, all) => {
  const by = all
    .slice(0, at)
    .find((earlier) => earlier.rule.effect !== 'log' && demandsNoMore(earlier.text, text));
  return by && `is never reached: ${pathText(by.rule.path)} matches all of it before`;
};

const NO_TESTS = new Set(['action', 'metadata']);

/** Each test of the earlier rule stands in the later one word for word, so what passes that passes this. */
const demandsNoMore = (earlier: Fields, later: Fields): boolean =>
  Object.entries(earlier).every(
    ([field, value]) =>
      NO_TESTS.has(field) || isEmpty(value) || orderlessText(value) === orderlessText(later[field]),
  );

/** Cilium adds up what rules allow, and a denial wins over all of it. */
const addsNothing: Judge = ({ rule, text }, at, all) => {
  const denial = all.find(
    (other) => rule.effect === 'allow' && other.rule.effect === 'deny' && denies(other.text, text),
  );
  if (denial !== undefined) return `adds nothing: ${pathText(denial.rule.path)} denies all of it`;
  const twin = all
    .slice(0, at)
    .find(
      (other) =>
        other.rule.effect === rule.effect &&
        !isEmpty(text) &&
        orderlessText(other.text) === orderlessText(text),
    );
  return twin && `adds nothing: ${pathText(twin.rule.path)} says the same`;
};

/** Ports are all ports where a denial names none. */
const denies = (denial: Fields, allowed: Fields): boolean =>
  !isEmpty(peersOf(denial)) &&
  orderlessText(peersOf(denial)) === orderlessText(peersOf(allowed)) &&
  (isEmpty(portsOf(denial)) || orderlessText(portsOf(denial)) === orderlessText(portsOf(allowed)));

const PORT_FIELDS = new Set(['toPorts', 'icmps']);

/** How a connection is to be authenticated is asked of what is allowed only. */
const peersOf = (rule: Fields): Fields =>
  pick(rule, (field) => !PORT_FIELDS.has(field) && field !== 'authentication');

const portsOf = (rule: Fields): Fields => pick(rule, (field) => PORT_FIELDS.has(field));

const pick = (rule: Fields, wanted: (field: string) => boolean): Fields =>
  Object.fromEntries(Object.entries(rule).filter(([field]) => wanted(field)));

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (isRecord(value) && Object.keys(value).length === 0);

/** What stands at the path of a rule. */
function ruleAt(manifest: unknown, path: ManifestPath): Fields {
  const found = valueAtPath(manifest, path);
  return isRecord(found) ? found : {};
}
