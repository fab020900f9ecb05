import type { AdviceCommand, CommandId } from '../../../server/core/drop-advice/commands.ts';
import type { PolicyPart } from '../../../server/core/drop-advice/entry.ts';
import type { CommandFacts } from '../../../server/core/drop-advice/fill.ts';
import type { EndJson, FlowJson } from '../../../server/http/contract.ts';

/** What is known of a drop reason, with its commands and questions written out. */
export type ReasonAdvice = {
  readonly means: string;
  readonly policy: PolicyPart;
  readonly causes: readonly string[];
  readonly next: readonly string[];
  readonly commands: readonly AdviceCommand[];
  readonly checks: readonly string[];
  readonly retina:
    { readonly words: string; readonly commands: readonly AdviceCommand[] } | undefined;
};

/** Reads it. The table is fetched when it is first wanted: it is large. */
export async function readAdvice(code: string): Promise<ReasonAdvice> {
  const [{ dropAdvice }, { COMMANDS }, { DROP_CHECKS }] = await Promise.all([
    import('../../../server/core/drop-advice/table.ts'),
    import('../../../server/core/drop-advice/commands.ts'),
    import('../../../server/core/drop-advice/entry.ts'),
  ]);
  const { commands, checks, retina, ...advice } = dropAdvice(code);
  const written = (ids: readonly CommandId[]): readonly AdviceCommand[] =>
    ids.map((id) => COMMANDS[id]);
  return {
    ...advice,
    commands: written(commands),
    checks: checks.map((check) => DROP_CHECKS[check]),
    retina: retina && { words: retina.words, commands: written(retina.commands) },
  };
}

/** What a dropped flow says that the commands need: its node, and the pod of that node. */
export function commandFacts(flow: FlowJson): CommandFacts {
  const { source, destination, direction, node } = flow;
  const ends = direction === 'egress' ? [source, destination] : [destination, source];
  const local: EndJson | undefined = ends.find(({ pod }) => pod !== '');
  return {
    node: node.slice(node.indexOf('/') + 1),
    namespace: local?.namespace ?? '',
    pod: local?.pod ?? '',
    sourceIp: source.ip,
    destinationIp: destination.ip,
  };
}
