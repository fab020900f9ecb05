import { describe, expect, test } from 'vitest';
import { csvLine } from '../../../server/formats/csv.ts';

describe('a line of CSV', () => {
  test.each([
    ['=cmd()', "'=cmd()"],
    ['＝1+1', "'＝1+1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['+1+1', "'+1+1"],
    ['-2+3', "'-2+3"],
    ['\tx', "'\tx"],
    ['\rx', `"'\rx"`],
    ['\0=x', "'\0=x"],
    ['-5', '-5'],
    ['+1.5e3', '+1.5e3'],
    ['plain', 'plain'],
  ])(
    'writes %j so that no spreadsheet runs it, and numbers as they are (fault 77)',
    (cell, written) => {
      expect(csvLine([cell])).toBe(`${written}\r\n`);
    },
  );

  test('quotes commas, quotes and line ends, and writes nothing for what is not there', () => {
    expect(csvLine(['a,b', 'say "x"', 'two\nlines', null, '', -5, 2n ** 63n])).toBe(
      '"a,b","say ""x""","two\nlines",,,-5,9223372036854775808\r\n',
    );
    expect(csvLine([Uint8Array.of(0, 255)])).toBe('00ff\r\n');
  });
});
