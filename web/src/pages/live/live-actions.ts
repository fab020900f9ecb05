import type { FlowJson } from '../../../../server/http/contract.ts';
import type { App } from '../../state/app.svelte.ts';
import type { Command } from '../../state/commands.svelte.ts';
import { PairSteps } from '../../state/pair-steps.ts';
import { withoutTerms, withTerms } from '../../state/query-terms.ts';
import type { RowCursor } from '../../state/row-cursor.svelte.ts';
import { focusWhy } from '../why/why-focus.ts';
import { DEFAULT_RANGE, isLiveRange } from '../../state/time-range.ts';
import type { FlowColumn } from './flow-column.ts';
import { FLOW_COLUMNS } from './flow-columns.ts';
import type { GridHandle } from './grid-handle.ts';

export type LiveActionsOptions = {
  readonly app: App;
  readonly cursor: RowCursor;
  readonly columns: () => readonly FlowColumn[];
  readonly grid: () => GridHandle | undefined;
  /** The table is at its top again. */
  readonly ontop: () => void;
  readonly ontool: (tool: 'columns' | 'copy' | 'export') => void;
};

/** What a person does on the Live screen, by key, by pointer or from the palette. */
export type LiveActions = {
  open(seq: number): void;
  /** Closes the panel; once more lets go of the row. */
  close(): void;
  /** To the newest rows of the stream, from wherever: a pause, further down, another time. */
  newest(): void;
  showPair(flow: FlowJson): void;
  /** Moves that a held key repeats. */
  readonly moves: Readonly<Record<string, () => void>>;
  readonly commands: readonly Command[];
};

export function createLiveActions(options: LiveActionsOptions): LiveActions {
  const { app, cursor, columns, grid, ontop, ontool } = options;
  const { live, router, notices } = app;
  const pair = new PairSteps(app.api);
  const { table } = live;
  const isOpen = (): boolean => router.view.sel !== '';

  const open = (seq: number): void => router.go({ sel: String(seq) });

  function close(): void {
    if (!isOpen()) cursor.clear();
    router.go({ sel: '' });
    grid()?.focus();
  }

  function newest(): void {
    cursor.clear();
    ontop();
    grid()?.top();
    if (table.paused || table.held.overflowed) live.resume();
    if (!isLiveRange(router.view.t)) router.go({ t: DEFAULT_RANGE });
  }

  function move(by: number): void {
    if (table.rows.length === 0) return;
    const row = cursor.moveRow(by);
    grid()?.focus();
    grid()?.reveal(row);
    // The panel follows; Back leads to before it was opened, not through every row on the way.
    if (isOpen()) router.go({ sel: String(cursor.seq) }, 'replace');
  }

  function onCell(apply: (q: string, terms: readonly string[]) => string): void {
    const flow = table.rows[cursor.row];
    const terms = flow === undefined ? undefined : columns()[cursor.column]?.terms(flow);
    if (terms !== undefined && terms.length > 0) router.go({ q: apply(router.view.q, terms) });
  }

  /** The event of the same pair before or after the one of the panel, or of the row. */
  async function stepPair(way: 'before' | 'after'): Promise<void> {
    const seq = isOpen() ? Number(router.view.sel) : cursor.seq;
    const found = seq === undefined ? undefined : await pair.step(seq, way);
    if (found?.kind === 'none') notices.say(found.why);
    if (found?.kind === 'found')
      router.go({ sel: String(found.seq) }, isOpen() ? 'replace' : 'push');
  }

  /** Goes to the explanation of the panel's flow, or opens that of the row. */
  function explain(): void {
    const sel = isOpen() ? router.view.sel : String(cursor.seq ?? '');
    if (sel === '') return;
    router.go({ sel, why: router.view.why || 'then' });
    void focusWhy();
  }

  function togglePause(): void {
    if (table.paused) live.resume();
    else if (isLiveRange(router.view.t)) table.setPaused(true);
  }

  return {
    open,
    close,
    newest,
    showPair(flow) {
      const { source, destination } = FLOW_COLUMNS;
      router.go({ q: withTerms('', [...source.terms(flow), ...destination.terms(flow)]) });
    },
    moves: {
      j: () => move(1),
      k: () => move(-1),
      ArrowDown: () => move(1),
      ArrowUp: () => move(-1),
      ArrowRight: () => cursor.moveColumn(1, columns().length),
      ArrowLeft: () => cursor.moveColumn(-1, columns().length),
      Enter: () => {
        if (cursor.seq !== undefined) open(cursor.seq);
      },
      Escape: close,
    },
    commands: [
      { id: 'filter', label: 'Filter on the cell', keys: 'f', run: () => onCell(withTerms) },
      { id: 'exclude', label: 'Exclude the cell', keys: 'x', run: () => onCell(withoutTerms) },
      {
        id: 'pair-before',
        label: 'Previous event of this pair',
        keys: '[',
        run: () => void stepPair('before'),
      },
      {
        id: 'pair-after',
        label: 'Next event of this pair',
        keys: ']',
        run: () => void stepPair('after'),
      },
      { id: 'why', label: 'Why: explain the row', keys: 'w', run: explain },
      { id: 'pause', label: 'Pause or resume', keys: 'p', run: togglePause },
      { id: 'newest', label: 'Jump to the newest', keys: '.', run: newest },
      {
        id: 'link',
        label: 'Copy the link',
        keys: 'y',
        run: () => void notices.copy('the link', app.link()),
      },
      { id: 'copy', label: 'Copy as…', keys: 'c', run: () => ontool('copy') },
      { id: 'columns', label: 'Columns…', run: () => ontool('columns') },
      { id: 'export', label: 'Export…', run: () => ontool('export') },
    ],
  };
}
