/** A query as a tree. `parse` makes it, `print` writes it canonically, `compile` gives it meaning. */
export type Expression =
  | { readonly kind: 'and'; readonly of: readonly Expression[] }
  | { readonly kind: 'or'; readonly of: readonly Expression[] }
  | { readonly kind: 'not'; readonly of: Expression }
  | FieldTerm
  | LabelTerm
  | TextTerm;

export type Side = 'from' | 'to';

/** `ns:shop`, `to.port:80..90`. Without a side a term that has sides means either end. */
export type FieldTerm = {
  readonly kind: 'field';
  readonly side: Side | undefined;
  /** Name in the field table, never an alias. */
  readonly field: string;
  readonly values: readonly Value[];
};

/** `to.app.kubernetes.io/name=redis`. `!=` is true of an end that lacks the label. */
export type LabelTerm = {
  readonly kind: 'label';
  readonly side: Side | undefined;
  readonly key: string;
  readonly negated: boolean;
  readonly values: readonly Value[];
};

/** A bare word: part of any name, address or policy of the flow. */
export type TextTerm = { readonly kind: 'text'; readonly value: Value };

export type Value =
  /** `quoted` keeps `"*"`, `"none"` and `"80..90"` literal. `*` inside an unquoted word is a wildcard. */
  | { readonly kind: 'word'; readonly text: string; readonly quoted: boolean }
  | { readonly kind: 'regex'; readonly source: string }
  /** Both ends belong to it; an absent one is open. `80..90`, `>=1mb`, `<1024`. */
  | {
      readonly kind: 'range';
      readonly from: { readonly value: number; readonly inclusive: boolean } | undefined;
      readonly to: { readonly value: number; readonly inclusive: boolean } | undefined;
    }
  | { readonly kind: 'cidr'; readonly address: string; readonly bits: number }
  /** `*`: there is a value. */
  | { readonly kind: 'any' }
  /** `none`: there is none. */
  | { readonly kind: 'none' };
