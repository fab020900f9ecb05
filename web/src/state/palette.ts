import type { Command } from './commands.svelte.ts';
import type { Suggestions } from './query-language.ts';
import { checkQuery } from './query-language.ts';
import { canonical, withTerms } from './query-terms.ts';
import type { SavedView } from './saved-view.ts';
import { PRESETS } from './time-range.ts';

/** What choosing an entry does. */
type Does =
  | { readonly kind: 'run'; readonly command: Command }
  | { readonly kind: 'view'; readonly view: SavedView }
  | { readonly kind: 'range'; readonly t: string }
  | { readonly kind: 'query'; readonly q: string }
  /** Shows the policies that select the pod or workload of that name, `namespace/name`. */
  | { readonly kind: 'pod'; readonly name: string }
  /** Goes on typing. */
  | { readonly kind: 'type'; readonly text: string };

export type PaletteEntry = {
  readonly id: string;
  readonly label: string;
  readonly detail?: string;
  readonly keys?: string;
  readonly does: Does;
};

export type PaletteFacts = {
  readonly commands: readonly Command[];
  readonly views: readonly SavedView[];
  /** The query on screen. */
  readonly q: string;
  /** How the text may go on as a query. */
  readonly suggestions: Suggestions | undefined;
};

type Group = { readonly title: string; readonly items: readonly PaletteEntry[] };

const SUGGESTED = 12;

/** Everything whose words hold all the words of the text; then what the text is as a query. */
export function paletteGroups(text: string, facts: PaletteFacts): readonly Group[] {
  const words = text.toLowerCase().split(/\s+/);
  const fits = ({ label }: PaletteEntry): boolean =>
    words.every((word) => label.toLowerCase().includes(word));
  const groups: readonly Group[] = [
    { title: 'Actions', items: facts.commands.map(ofCommand).filter(fits) },
    { title: 'Views', items: facts.views.map(ofView).filter(fits) },
    { title: 'Time range', items: RANGES.filter(fits) },
    { title: 'Policies', items: podEntries(text.trim()) },
    { title: 'Query', items: text.trim() === '' ? [] : queryEntries(text.trim(), facts) },
  ];
  return groups.filter(({ items }) => items.length > 0);
}

const ofCommand = (command: Command): PaletteEntry => ({
  id: `run-${command.id}`,
  label: command.label,
  ...(command.keys === undefined ? {} : { keys: command.keys }),
  does: { kind: 'run', command },
});

const ofView = (view: SavedView): PaletteEntry => ({
  id: `view-${view.id}`,
  label: view.name,
  detail: view.q === '' ? 'all flows' : view.q,
  does: { kind: 'view', view },
});

const RANGES: readonly PaletteEntry[] = PRESETS.map(({ text, label }) => ({
  id: `range-${text}`,
  label: `Last ${label}`,
  detail: text,
  does: { kind: 'range', t: text },
}));

/** As Kubernetes takes names. */
const POD = /^(?:pod:|wl:)?([a-z0-9-]+\/[a-z0-9][a-z0-9.-]*)$/;

function podEntries(text: string): readonly PaletteEntry[] {
  const name = POD.exec(text)?.[1];
  if (name === undefined) return [];
  const label = `Policies that select ${name}`;
  return [{ id: 'pod', label, detail: 'pod or workload', does: { kind: 'pod', name } }];
}

function queryEntries(text: string, { q, suggestions }: PaletteFacts): readonly PaletteEntry[] {
  const asQuery: readonly PaletteEntry[] =
    checkQuery(text) === undefined
      ? [
          {
            id: 'query-narrow',
            label: `Filter on ${canonical(text)}`,
            detail: q === '' ? '' : 'and what is filtered already',
            does: { kind: 'query', q: withTerms(q, [text]) },
          },
          ...(q === ''
            ? []
            : [
                {
                  id: 'query-only',
                  label: `Only ${canonical(text)}`,
                  detail: 'in place of the query',
                  does: { kind: 'query', q: canonical(text) },
                } as const,
              ]),
        ]
      : [];
  return [...asQuery, ...goingOn(text, suggestions)];
}

const goingOn = (text: string, found: Suggestions | undefined): readonly PaletteEntry[] =>
  (found?.options ?? []).slice(0, SUGGESTED).map(({ label, detail }) => {
    const whole = text.slice(0, found?.from ?? 0) + label;
    return {
      id: `type-${whole}`,
      label: whole,
      ...(detail === undefined ? {} : { detail }),
      does: { kind: 'type', text: whole },
    };
  });
