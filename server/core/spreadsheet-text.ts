/**
 * What spreadsheets begin a formula with. NUL is among them because some readers drop it and take what follows;
 * U+FF1D and its like are taken for their ASCII forms by some.
 */
const FORMULA = /^[=+\-@\t\r\0＝＋－＠]/;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/**
 * Text for a cell of a spreadsheet. What it would take for a formula gets an apostrophe before it, since records hold
 * what workloads sent; numbers stay as they are.
 */
export const spreadsheetText = (text: string): string =>
  FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
