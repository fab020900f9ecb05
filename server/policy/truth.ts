/** What a predicate answers. `unknown`: the record or the snapshot lacks the fact that would decide it. */
export type Truth = 'yes' | 'no' | 'unknown';

export const truthOf = (value: boolean): Truth => (value ? 'yes' : 'no');

export const not = (value: Truth): Truth =>
  value === 'unknown' ? 'unknown' : value === 'yes' ? 'no' : 'yes';

/** `no` as soon as one is `no`; yes for none. */
export function allOf<T>(values: Iterable<T>, test: (value: T) => Truth): Truth {
  let result: Truth = 'yes';
  for (const value of values) {
    const each = test(value);
    if (each === 'no') return 'no';
    if (each === 'unknown') result = 'unknown';
  }
  return result;
}

/** `yes` as soon as one is `yes`; no for none. */
export function anyOf<T>(values: Iterable<T>, test: (value: T) => Truth): Truth {
  let result: Truth = 'no';
  for (const value of values) {
    const each = test(value);
    if (each === 'yes') return 'yes';
    if (each === 'unknown') result = 'unknown';
  }
  return result;
}
