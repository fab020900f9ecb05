/** The keyboard's row is the one that has the focus, so that what reads the page aloud follows it. */
export const rowId = (at: number): string => `drop-${at}`;

/** Position of the row that has the focus; -1 when none has. */
export function focusedRow(): number {
  const match = /^drop-(\d+)$/.exec(document.activeElement?.id ?? '');
  return match === null ? -1 : Number(match[1]);
}

export function focusRow(at: number): void {
  const row = document.getElementById(rowId(at));
  row?.focus({ preventScroll: true });
  row?.scrollIntoView({ block: 'nearest' });
}
