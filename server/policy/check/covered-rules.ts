import { isRecord, pathText, valueAtPath, type ManifestFault } from '../../core/manifest.ts';
import type { CompiledPolicy, Rule, Way } from '../form.ts';
import { orderlessText } from './orderless-text.ts';

/** Each rule is compared with each other one; nobody reads what is said of more. */
const MOST_RULES = 500;

/**
 * Rules that change nothing, as far as their texts prove it: all that they match is matched by another rule of the same
 * policy, which comes before where the first match decides, and does the same where it does not.
 */
export function coveredRules(policy: CompiledPolicy): readonly ManifestFault[] {
  if (policy.family !== 'k8s' && policy.family !== 'npapi') return [];
  return (['ingress', 'egress'] satisfies Way[]).flatMap((way) => {
    if (policy.rules[way].length > MOST_RULES) return [];
    const rules = policy.rules[way].map((rule) => ({ rule, text: ruleText(policy, rule, way) }));
    return rules.flatMap(({ rule, text }, at) => {
      const by = rules.find((other, place) =>
        policy.family === 'npapi' || sameText(other.text, text)
          ? place < at && covers(other.text, text)
          : place !== at && covers(other.text, text),
      );
      if (by === undefined) return [];
      const what = policy.family === 'npapi' ? 'is never reached: ' : 'adds nothing: ';
      return [{ path: rule.path, message: `${what}${pathText(by.rule.path)} matches all of it` }];
    });
  });
}

/** The entries of a rule's lists, each as one text. Empty: the list restricts nothing. */
type RuleText = { readonly peers: ReadonlySet<string>; readonly ports: ReadonlySet<string> };

function ruleText(policy: CompiledPolicy, rule: Rule, way: Way): RuleText {
  const written = valueAtPath(policy.manifest, rule.path);
  const entries = (name: string): ReadonlySet<string> => {
    const list = isRecord(written) ? written[name] : undefined;
    return new Set(Array.isArray(list) ? list.map(orderlessText) : []);
  };
  return {
    peers: entries(way === 'ingress' ? 'from' : 'to'),
    ports: new Set([...entries('ports'), ...entries('protocols')]),
  };
}

const covers = (wide: RuleText, narrow: RuleText): boolean =>
  coversList(wide.peers, narrow.peers) && coversList(wide.ports, narrow.ports);

const coversList = (wide: ReadonlySet<string>, narrow: ReadonlySet<string>): boolean =>
  wide.size === 0 || (narrow.size > 0 && [...narrow].every((entry) => wide.has(entry)));

const sameText = (one: RuleText, other: RuleText): boolean =>
  covers(one, other) && covers(other, one);
