import { HighlightStyle, LRLanguage, syntaxHighlighting } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { styleTags, tags } from '@lezer/highlight';
import { parser } from '../../../server/query/grammar/query.generated.js';

const language = LRLanguage.define({
  name: 'dropwise-query',
  parser: parser.configure({
    props: [
      styleTags({
        'FieldHead LabelHead': tags.propertyName,
        'And Or Not Minus': tags.keyword,
        'Regex Star Range Comparison Cidr': tags.regexp,
        None: tags.atom,
        Quoted: tags.string,
      }),
    ],
  }),
});

const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--verdict-allowed)' },
  { tag: tags.keyword, color: 'var(--loss)', fontWeight: '600' },
  { tag: tags.regexp, color: 'var(--verdict-audit)' },
  { tag: tags.atom, color: 'var(--verdict-audit)' },
  { tag: tags.string, color: 'var(--text)' },
]);

/** Colours of the query language, from the same grammar that the server reads. */
export const queryLanguage: Extension = [language, syntaxHighlighting(colours)];

export const queryTheme: Extension = EditorView.theme({
  '&': { fontSize: '13px', background: 'transparent' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': {
    fontFamily: 'var(--font-data)',
    // Follows the cursor; a region that scrolls on its own would need a tab stop of its own.
    overflow: 'hidden',
    scrollbarWidth: 'none',
    lineHeight: '28px',
  },
  '.cm-content': { padding: '0', caretColor: 'var(--text)' },
  '.cm-line': { padding: '0 2px' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-placeholder': { color: 'var(--muted)' },
  '.cm-lintRange-error': {
    backgroundImage: 'none',
    textDecoration: 'underline wavy var(--verdict-dropped) 1px',
    textUnderlineOffset: '3px',
  },
  '.cm-tooltip': {
    border: '1px solid var(--control-line)',
    borderRadius: 'var(--radius)',
    background: 'var(--background)',
    color: 'var(--text)',
    zIndex: '50',
  },
  '.cm-tooltip.cm-tooltip-autocomplete': { marginTop: '7px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': {
    maxWidth: 'min(600px, calc(100vw - 32px))',
    maxHeight: '320px',
    fontFamily: 'var(--font-data)',
    fontSize: '12px',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': {
    display: 'flex',
    alignItems: 'center',
    justifyContent: 'space-between',
    gap: '24px',
    minHeight: '26px',
    padding: '3px 10px',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    background: 'var(--selected)',
    color: 'var(--text)',
  },
  '.cm-completionLabel': { flex: 'none' },
  '.cm-completionDetail': {
    minWidth: '0',
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    color: 'var(--muted)',
    fontStyle: 'normal',
    fontFamily: 'var(--font-text)',
  },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '700' },
  '.cm-tooltip-lint': { padding: '4px 8px' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--verdict-dropped)' },
});
