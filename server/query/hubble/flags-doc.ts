import { FILTER_FLAGS, type Flag } from './flags.ts';

const code = (text: string): string => `\`${text}\``;

function row({ name, short, value, query, note }: Flag): string {
  const names = [`--${name}`, ...(short === undefined ? [] : [`-${short}`])].map(code).join(', ');
  const time = note?.startsWith('t=') === true ? note : undefined;
  const example = query ?? time;
  const becomes = example === undefined ? 'not expressible' : code(example);
  const cells = [
    names,
    value === undefined ? '' : code(value),
    becomes,
    time === undefined ? (note ?? '') : '',
  ];
  return `| ${cells.join(' | ')} |`;
}

/** The table of docs/hubble-flags.md. */
export const flagsTable = (): readonly string[] => [
  '| flag | takes | becomes, for example | what is particular, or why it cannot be said |',
  '| --- | --- | --- | --- |',
  ...FILTER_FLAGS.map(row),
];
