/** What a drop says that a command needs; empty text where it does not say. */
export type CommandFacts = {
  readonly node: string;
  readonly namespace: string;
  readonly pod: string;
  readonly sourceIp: string;
  readonly destinationIp: string;
};

/**
 * The command with what is known filled in; the rest keeps its placeholder. Records hold what workloads and nodes said of
 * themselves, so a value that is no plain name or address is left out: the line is for a shell.
 */
export function fillCommand(run: string, facts: Partial<CommandFacts>): string {
  return run.replaceAll(/\{(\w+)\}/g, (placeholder, name: string) => {
    const value = Object.entries(facts).find(([fact]) => fact === name)?.[1] ?? '';
    return /^[A-Za-z0-9][A-Za-z0-9._:-]*$/.test(value) ? value : placeholder;
  });
}
