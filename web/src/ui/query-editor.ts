import {
  acceptCompletion,
  autocompletion,
  closeCompletion,
  type CompletionContext,
  completionKeymap,
  type CompletionResult,
  moveCompletionSelection,
  selectedCompletion,
  startCompletion,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { linter } from '@codemirror/lint';
import { EditorState, type Extension } from '@codemirror/state';
import { EditorView, keymap, placeholder } from '@codemirror/view';
import { queryLanguage, queryTheme } from './query-language.ts';

/** What is wrong with a query, and its half-open span in the text. */
export type QueryError = { readonly message: string; readonly from: number; readonly to: number };

/** What others may ask of the query bar. */
export type QueryBarHandle = {
  focus(): void;
  /** Puts a text in, without applying it. */
  set(text: string): void;
};

export type QuerySuggestions = {
  readonly from: number;
  readonly to: number;
  readonly options: readonly { readonly label: string; readonly detail?: string }[];
};

export type CompleteQuery = (
  text: string,
  cursor: number,
  signal: AbortSignal,
) => Promise<QuerySuggestions | undefined>;

export type QueryEditorOptions = {
  readonly parent: HTMLElement;
  readonly text: string;
  /** Of the response's policy: the editor adds a style element. */
  readonly nonce: string;
  readonly check: (text: string) => QueryError | undefined;
  readonly complete: CompleteQuery;
  readonly onchange: (text: string) => void;
  readonly onapply: (text: string) => void;
  /** Escape, with no completion to close. */
  readonly onleave: () => void;
};

export type QueryEditor = {
  setText(text: string): void;
  focus(): void;
  destroy(): void;
};

/** A one-line editor for queries: colours, completion, and a mark under what cannot be read. */
export function createQueryEditor(options: QueryEditorOptions): QueryEditor {
  const { parent, text, nonce, onchange } = options;
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        nonce === '' ? [] : EditorView.cspNonce.of(nonce),
        oneLine,
        history(),
        keys(options),
        ownReplacement,
        keymap.of([...completionKeymap, ...historyKeymap, ...defaultKeymap]),
        queryLanguage,
        queryTheme,
        autocompletion({
          override: [suggest(options)],
          icons: false,
          selectOnOpen: false,
          // Enter takes nothing that was not moved to, so a list that has just opened can take keys at once:
          // a Tab that it refused would leave the bar.
          interactionDelay: 0,
          defaultKeymap: false,
          // A field or a label begins a term: its values come next.
          activateOnCompletion: ({ label }) => /[:.=]$/.test(label),
        }),
        checked(options),
        placeholder('Filter, such as verdict:dropped ns:shop port:6379'),
        EditorView.contentAttributes.of({ 'aria-label': 'Query', spellcheck: 'false' }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) onchange(update.state.doc.toString());
          const isEmptied = update.docChanged || update.focusChanged;
          if (isEmptied && update.view.hasFocus && update.state.doc.length === 0)
            startCompletion(update.view);
        }),
      ],
    }),
  });
  return {
    setText(next) {
      const length = view.state.doc.length;
      if (view.state.doc.toString() === next) return;
      view.dispatch({
        changes: { from: 0, to: length, insert: next },
        selection: { anchor: next.length },
      });
    },
    focus() {
      view.focus();
      view.dispatch({ selection: { anchor: 0, head: view.state.doc.length } });
    },
    destroy: () => view.destroy(),
  };
}

/** Pasted lines become one. */
const oneLine: Extension = EditorState.transactionFilter.of((transaction) => {
  if (!transaction.docChanged || transaction.newDoc.lines === 1) return transaction;
  const text = transaction.newDoc.toString().replace(/\s*\n\s*/g, ' ');
  return [
    {
      changes: { from: 0, to: transaction.startState.doc.length, insert: text },
      selection: { anchor: text.length },
    },
  ];
});

/**
 * Types over a selection here: a browser would carry the colours of what is replaced over as an inline style,
 * which the content policy refuses.
 */
const ownReplacement: Extension = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { data, inputType, isComposing } = event;
    if (inputType !== 'insertText' || isComposing || data === null) return false;
    if (view.state.selection.main.empty) return false;
    event.preventDefault();
    view.dispatch(view.state.replaceSelection(data), {
      userEvent: 'input.type',
      scrollIntoView: true,
    });
    return true;
  },
});

function suggest({ complete }: QueryEditorOptions) {
  return async (context: CompletionContext): Promise<CompletionResult | null> => {
    const abort = new AbortController();
    context.addEventListener('abort', () => abort.abort());
    const text = context.state.doc.toString();
    const found = await complete(text, context.pos, abort.signal);
    if (found === undefined || context.aborted) return null;
    return {
      from: found.from,
      to: found.to,
      // The server's own order is by count: keep it.
      options: found.options.map((option, i) => ({ ...option, boost: -i })),
      filter: false,
    };
  };
}

function keys({ onapply, onleave }: QueryEditorOptions): Extension {
  return keymap.of([
    {
      key: 'Enter',
      run: (view) => {
        // Only a suggestion that was moved to is taken: who types a query out just wants it run.
        if (selectedCompletion(view.state) !== null && acceptCompletion(view)) return true;
        closeCompletion(view);
        onapply(view.state.doc.toString());
        return true;
      },
    },
    {
      key: 'Tab',
      run: (view) => {
        if (selectedCompletion(view.state) === null) moveCompletionSelection(true)(view);
        return acceptCompletion(view);
      },
    },
    {
      key: 'Escape',
      run: (view) => {
        if (closeCompletion(view)) return true;
        view.contentDOM.blur();
        onleave();
        return true;
      },
    },
  ]);
}

/** Marks the error once typing rests, so that half a word is not called wrong. */
function checked({ check }: QueryEditorOptions): Extension {
  return linter(
    (view) => {
      const length = view.state.doc.length;
      const error = check(view.state.doc.toString());
      if (error === undefined) return [];
      // Who still types at the end has not finished the term; applying it says what is wrong.
      if (view.hasFocus && error.to >= length && view.state.selection.main.head === length)
        return [];
      const from = Math.min(error.from, Math.max(0, length - 1));
      const to = Math.min(length, Math.max(error.to, from + 1));
      return [{ from, to, severity: 'error', message: error.message }];
    },
    { delay: 600 },
  );
}
