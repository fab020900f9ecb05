import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalAddress, cidrTest, readCidr } from '../../../server/query/address.ts';
import { readNumber, writeNumber } from '../../../server/query/number.ts';
import { globTest } from '../../../server/query/pattern.ts';

test('a glob means what the same regular expression means', () => {
  const anyText = fc
    .array(fc.constantFrom('a', 'b'), { maxLength: 8 })
    .map((parts) => parts.join(''));
  const anyGlob = fc
    .array(fc.constantFrom('a', 'b', '*'), { maxLength: 6 })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(anyGlob, anyText, (glob, text) => {
      const same = new RegExp(`^${glob.replaceAll('*', '.*')}$`);
      expect(globTest(glob)(text)).toBe(same.test(text));
    }),
    { numRuns: 2000 },
  );
});

test('a number is written so that it reads back the same', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.constantFrom('bytes' as const, undefined), (value, unit) => {
      expect(readNumber(writeNumber(value, unit), unit)).toBe(value);
    }),
  );
  expect(readNumber('1.5mib', 'bytes')).toBe(1_572_864);
  expect(readNumber('1.5', 'bytes')).toBeUndefined();
  expect(readNumber('1e3', undefined)).toBeUndefined();
});

test('a block holds its own addresses and none of the other family', () => {
  const holds = (block: string, address: string): boolean => {
    const cidr = readCidr(block);
    if (cidr === undefined) throw new Error(`${block} is no block`);
    return cidrTest(cidr.address, cidr.bits)(address);
  };

  expect(holds('10.0.0.0/8', '10.255.0.1')).toBe(true);
  expect(holds('10.0.0.0/8', '11.0.0.0')).toBe(false);
  expect(holds('10.0.0.0/8', '::ffff:10.0.0.1')).toBe(true);
  expect(holds('10.0.0.7/32', '10.0.0.7')).toBe(true);
  expect(holds('::/0', '10.0.0.1')).toBe(false);
  expect(holds('::/0', 'fe80::1%eth0')).toBe(true);
  expect(holds('0.0.0.0/0', 'fd00::1')).toBe(false);
  expect(holds('0.0.0.0/0', '')).toBe(false);
  expect(holds('0.0.0.0/0', 'unix:///run/x')).toBe(false);
  expect(readCidr('::ffff:10.0.0.0/80')).toBeUndefined();
});

test('an address has one text', () => {
  expect(canonicalAddress('2001:DB8:0:0:0:0:0:1')).toBe('2001:db8::1');
  expect(canonicalAddress('::ffff:a00:1')).toBe('10.0.0.1');
  expect(canonicalAddress('0x0a.0.0.1')).toBeUndefined();
  expect(canonicalAddress('10')).toBeUndefined();
});
