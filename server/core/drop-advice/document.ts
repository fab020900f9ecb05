import type { DropReason } from '../drop-reasons.ts';
import { DROP_REASONS, dropReason } from '../drop-reasons.ts';
import { COMMANDS, type CommandId } from './commands.ts';
import { DROP_CHECKS } from './entry.ts';
import { dropAdvice } from './table.ts';

const WIDTH = 120;

/** All that is known of one reason, as Markdown that reads well on a terminal too. */
export function reasonText(code: string): string {
  const reason = dropReason(code);
  const { means, policy, causes, next, commands, checks, retina } = dropAdvice(code);
  const parts = [
    `## ${headingOf(reason)}`,
    wrap(`Dropped: ${reason.words}. Category: \`${reason.category}\`.`),
    wrap(means),
    wrap(`**Policy?** ${policy.words}`),
    '**Usual causes**, the most likely first:',
    causes.map((cause, at) => wrap(`${at + 1}. ${cause}`, 3)).join('\n'),
    '**Look at:**',
    next.map((what) => wrap(`- ${what}`, 2)).join('\n'),
    '**Run:**',
    commandText(commands),
    ...(retina === undefined
      ? []
      : [wrap(`**From Retina:** ${retina.words}`), commandText(retina.commands)]),
    ...(checks.length === 0
      ? []
      : [
          '**Looked for** in the flows around such a drop:',
          checks.map((check) => wrap(`- ${DROP_CHECKS[check]}`, 2)).join('\n'),
        ]),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** docs/drop-reasons.md, which a test compares with this. */
export function reasonsDocument(): string {
  const head = [
    '# Drop reasons',
    wrap(
      'What each reason means, whether policy can have anything to do with it, what usually causes it, and what to run. `dropwise reason NAME` prints one of them, `/drops/reasons` shows them, and the panel of a dropped flow fills in the commands.',
    ),
    wrap(
      'This page is made by `dropwise reason all` from `server/core/drop-advice`. Reasons with a number are those of Cilium 1.19.4; Microsoft Retina uses some of them for what the kernel says. In commands `{node}`, `{pod}` and the like stand for what the drop names. Agents before Cilium 1.15 have `cilium` where it says `cilium-dbg`.',
    ),
  ];
  return [
    ...head.map((part) => `${part}\n`),
    ...DROP_REASONS.map(({ code }) => reasonText(code)),
  ].join('\n');
}

const headingOf = ({ number, code }: DropReason): string =>
  number === undefined || code === String(number) ? code : `${number} ${code}`;

const commandText = (ids: readonly CommandId[]): string =>
  ['```sh', ...ids.flatMap((id) => [`# ${COMMANDS[id].about}`, COMMANDS[id].run]), '```'].join(
    '\n',
  );

/** Breaks a paragraph into lines; the second and later ones are indented. */
function wrap(text: string, indent = 0): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    const longer = `${last ?? ''} ${word}`;
    if (last !== undefined && longer.length <= WIDTH) lines[lines.length - 1] = longer;
    else lines.push(last === undefined ? word : `${' '.repeat(indent)}${word}`);
  }
  return lines.join('\n');
}
