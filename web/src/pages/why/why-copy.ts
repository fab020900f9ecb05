import type { Explanation, PolicyName, Suggestion } from '../../../../server/core/explanation.ts';
import { quoteWord } from '../../../../server/query/hubble/command-words.ts';
import { samePolicy } from './why-words.ts';

export type CopyText = { readonly id: string; readonly label: string; readonly text: string };

/** Policies that one command asks for: those that matter stand first. */
const MAX_POLICIES = 10;

/** What of an explanation is worth taking along; what there is not is left out. */
export function copyTexts(explanation: Explanation, link: string): readonly CopyText[] {
  const { suggestion } = explanation;
  const commands = suggestion?.command ?? getCommands(explanation);
  return [
    { id: 'link', label: 'Link', text: link },
    ...(commands === '' ? [] : [{ id: 'kubectl', label: 'kubectl', text: commands }]),
    ...(suggestion === undefined
      ? []
      : [{ id: 'yaml', label: 'YAML', text: suggestedYaml(suggestion) }]),
    { id: 'json', label: 'JSON', text: JSON.stringify(explanation, null, 2) },
  ];
}

/** The manifests as one file. */
export const suggestedYaml = ({ parts }: Suggestion): string =>
  parts.map(({ after }) => after).join('---\n');

/** Commands that show the policies which decided or apply, one a line. */
function getCommands({ ends }: Explanation): string {
  const policies = ends.flatMap(({ decided, selected }) =>
    [...decided, ...selected].map(({ policy }) => policy),
  );
  const distinct = policies.filter(
    (policy, at) => policies.findIndex((other) => samePolicy(other, policy)) === at,
  );
  return distinct.slice(0, MAX_POLICIES).map(getCommand).join('\n');
}

// A name may come from a record, which anybody can write: no shell may read more in it than a name.
function getCommand({ kind, apiGroup, namespace, name }: PolicyName): string {
  const place = namespace === '' ? [] : ['-n', quoteWord(namespace)];
  return [
    'kubectl',
    ...place,
    'get',
    quoteWord(resourceOf(kind, apiGroup)),
    quoteWord(name),
    '-o',
    'yaml',
  ].join(' ');
}

/** `networkpolicies.projectcalico.org`: a kind alone is that of the API which kubectl finds first. */
const resourceOf = (kind: string, apiGroup = ''): string =>
  apiGroup === '' ? kind.toLowerCase() : `${kind.toLowerCase().replace(/y$/, 'ies')}.${apiGroup}`;
