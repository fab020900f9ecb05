import { pathText } from '../../core/manifest.ts';
import { policyName } from '../../core/policy-name.ts';
import type { CompiledPolicy, Question } from '../../policy/form.ts';
import type { EndTrace } from '../../policy/trace.ts';
import { surelySelected } from '../../policy/trace.ts';

/** The names of both ends of a connection, and what was asked for. */
export type Asked = {
  /** Who opened the connection. */
  readonly client: string;
  readonly server: string;
  /** `6379/TCP`, `ICMP`; empty when the record does not say. */
  readonly port: string;
};

/** What one end decided and why, in one sentence. */
export function endSentence(trace: EndTrace, asked: Asked): string {
  const { verdict, question } = trace;
  const { way } = question;
  const subject = way === 'egress' ? asked.client : asked.server;
  const peer = way === 'egress' ? asked.server : asked.client;
  const what = `${peer}${asked.port === '' ? '' : ` on ${asked.port}`}`;
  const toward = way === 'egress' ? `to ${what}` : `from ${what}`;
  const rules = verdict.rules.map(
    ({ policy, rule }) => `${policyText(policy)} ${pathText(rule.path)}`,
  );
  const selected = surelySelected(trace).map(({ policy }) => policy);
  const selecting = `${counted(distinct(selected).length, 'policy selects', 'policies select')} ${subject} for ${way}`;
  switch (verdict.reason) {
    case 'no-policy':
      return `No policy selects ${subject} for ${way}: nothing restricts it.`;
    case 'no-match':
      return `${selecting}, no rule matches, and the last of them lets it go on: allowed.`;
    case 'rule-allow':
      return `${listed(rules)} ${rules.length === 1 ? 'admits' : 'admit'} ${way} of ${subject} ${toward}.`;
    case 'rule-deny':
      return `${listed(rules)} ${rules.length === 1 ? 'denies' : 'deny'} ${way} of ${subject} ${toward}.`;
    case 'default-deny':
      return `${selecting}, and no rule admits it ${toward}.`;
    case 'tier-default-deny':
      return `${counted(distinct(inTier(trace)).length, 'policy selects', 'policies select')} ${subject} for ${way} in tier ${verdict.stage}, no rule there matches ${toward}, and the end of the tier denies.`;
    case 'profile-allow':
      return `${selecting}, none decides, and the profile of its namespace allows.`;
    case 'l7-deny':
      return `The connection ${toward} is admitted by ${listed(verdict.decidedBy.map(policyText))}; its L7 rules refuse this request.`;
    case 'enforcement-never':
      return `Policies are not enforced on this cluster.`;
    case 'own-node':
      return `A node may always reach its own pods.`;
    case 'auth-failed':
      return `${listed(verdict.decidedBy.map(policyText))} admits ${way} of ${subject} ${toward} to ends that have authenticated each other, and these had not.`;
    case 'varies':
      return `${verdict.verdict === 'allow' ? 'Allowed' : 'Denied'} for ${way} of ${subject}, whatever the facts that are missing.`;
    default:
      return `Whether ${subject} is allowed ${way} ${toward} cannot be decided without ${listed(missingOf(trace))}.`;
  }
}

/** Policies that select the end in the tier that ended it; others are never reached. */
function inTier({ verdict, tried }: EndTrace): readonly CompiledPolicy[] {
  const there = tried.filter(({ stage }) => stage === verdict.stage).map(({ policy }) => policy);
  return [...verdict.decidedBy, ...there];
}

const missingOf = ({ verdict }: EndTrace): readonly string[] => {
  const texts = [...new Set(verdict.missing.map(({ text }) => text))];
  return texts.length === 0 ? ['more facts'] : texts;
};

/** `NetworkPolicy shop/redis-ingress`. */
export const policyText = (policy: CompiledPolicy): string =>
  `${policy.ref.kind} ${policyName(policy.ref)}`;

const distinct = (policies: readonly CompiledPolicy[]): readonly string[] => [
  ...new Set(policies.map(({ key }) => key)),
];

export const connectionText = ({ client, server, port }: Asked): string =>
  `${client} → ${server}${port === '' ? '' : `:${port}`}`;

/** `two policies`, `12 policies`, in figures: sentences are compared by eye. */
const counted = (count: number, one: string, many: string): string =>
  `${count} ${count === 1 ? one : many}`;

/** At most three by name. */
export function listed(texts: readonly string[]): string {
  const shown = texts.slice(0, 3);
  const more = texts.length - shown.length;
  if (more > 0) return `${shown.join(', ')} and ${more} more`;
  const last = shown.at(-1) ?? 'nothing';
  return shown.length < 2 ? last : `${shown.slice(0, -1).join(', ')} and ${last}`;
}

/** Protocol and port of a question, as sentences write them. */
export const portText = ({ protocol, port }: Question['connection']): string =>
  port === undefined ? protocol : `${port}/${protocol}`;
