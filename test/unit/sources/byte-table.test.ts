import { describe, expect, test } from 'vitest';
import { createByteTable } from '../../../server/sources/byte-table.ts';

type Value = { readonly number: number };

/** A table that is asked for whole buffers. */
function tableOf(options: Parameters<typeof createByteTable>[0]) {
  const table = createByteTable<Value>(options);
  return {
    find: (key: Buffer) => table.find(key, 0, key.length),
    add: (key: Buffer, number: number) => table.add(key, 0, key.length, { number }),
  };
}

const MIB = 1024 * 1024;
const keyOf = (number: number, length: number): Buffer => {
  const key = Buffer.alloc(length, 'pod');
  key.write(`-${number}-`, length >> 1);
  return key;
};

describe('a table by bytes', () => {
  test.each([12, 64, 65, 96, 97, 300, 5000])('finds keys of %i bytes, and no others', (length) => {
    const table = tableOf({ limit: 64 * MIB });
    const keys = Array.from({ length: 3000 }, (_, at) => keyOf(at, length));
    for (const [at, key] of keys.entries()) table.add(key, at);
    const found = keys.filter((key, at) => table.find(Buffer.from(key))?.number === at);
    // Keys that differ in a place that is not looked at may be refused, but never mixed up.
    if (length <= 97) expect(found).toHaveLength(keys.length);
    for (const [at, key] of keys.entries())
      expect([at, undefined]).toContain(table.find(key)?.number);
    for (let at = 3000; at < 6000; at += 1) expect(table.find(keyOf(at, length))).toBeUndefined();
  });

  test('finds a part of a buffer that equals a whole one', () => {
    const table = createByteTable<Value>({ limit: MIB });
    const bytes = Buffer.from('xxweb-0xx');
    table.add(bytes, 2, 7, { number: 1 });
    expect(table.find(Buffer.from('web-0'), 0, 5)).toEqual({ number: 1 });
    expect(table.find(bytes, 2, 6)).toBeUndefined();
    expect(table.find(bytes, 1, 7)).toBeUndefined();
  });

  test('keeps its own copy of a key', () => {
    const table = tableOf({ limit: MIB });
    const key = Buffer.from('some key');
    table.add(key, 1);
    key.fill(0);
    expect(table.find(key)).toBeUndefined();
    expect(table.find(Buffer.from('some key'))).toEqual({ number: 1 });
  });

  test('keys made to look alike where it looks are found by the rest of their bytes', () => {
    const table = tableOf({ limit: 64 * MIB });
    const keys = Array.from({ length: 1000 }, (_, at) => {
      const key = Buffer.alloc(400, 'a');
      // Between the words of the middle that the sampled hash reads.
      key.write(String(at).padStart(8, '0'), 16 + 84 + 20);
      return key;
    });
    for (const [at, key] of keys.entries()) table.add(key, at);
    const found = keys.filter((key, at) => table.find(key)?.number === at);
    expect(found.length).toBeGreaterThan(900);
  });

  test('what is in use stays while others come and go for ever', () => {
    const table = tableOf({ limit: 100_000 });
    const used = keyOf(-1, 100);
    table.add(used, -1);
    let held = 0;
    for (let at = 0; at < 10_000; at += 1) {
      table.add(keyOf(at, 100), at);
      expect(table.find(used)).toEqual({ number: -1 });
    }
    for (let at = 0; at < 10_000; at += 1) if (table.find(keyOf(at, 100)) !== undefined) held += 1;
    expect(held * 164).toBeLessThanOrEqual(100_000);
    expect(held).toBeGreaterThan(0);
  });

  test('what nobody asks for is forgotten with time', () => {
    const table = tableOf({ limit: MIB, age: 100 });
    const [used, forgotten] = [keyOf(1, 40), keyOf(2, 40)];
    table.add(used, 1);
    table.add(forgotten, 2);
    for (let at = 0; at < 300; at += 1) expect(table.find(used)).toEqual({ number: 1 });
    expect(table.find(forgotten)).toBeUndefined();
  });

  test('keys that are longer than the table takes are not kept', () => {
    const table = tableOf({ limit: MIB });
    table.add(Buffer.alloc(10_000), 1);
    expect(table.find(Buffer.alloc(10_000))).toBeUndefined();
    const small = tableOf({ limit: 100 });
    small.add(Buffer.alloc(60), 1);
    expect(small.find(Buffer.alloc(60))).toBeUndefined();
  });
});
