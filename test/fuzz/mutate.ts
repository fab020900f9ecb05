/** Random numbers that a seed gives again: 32-bit xorshift, good enough to choose mutations. */
export type Random = {
  /** From 0 to `below` - 1. */
  readonly below: (below: number) => number;
  readonly pick: <Item>(items: readonly Item[]) => Item;
};

export function createRandom(seed: number): Random {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
  const below = (limit: number): number => next() % limit;
  return {
    below,
    pick: (items) => {
      const item = items[below(items.length)];
      if (item === undefined) throw new Error('nothing to pick from');
      return item;
    },
  };
}

/** Numbers at the edges of what formats hold. */
const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x22, 0x5c, 0x7b, 0x5b, 0xc0, 0xed, 0xf4];
const MOST_BYTES = 64 * 1024;

/** Changes a few bytes: flips, cuts, repeats, fills in, or joins it with another sample. */
export function mutateBytes(
  sample: Uint8Array,
  samples: readonly Uint8Array[],
  random: Random,
): Buffer {
  let bytes: Buffer = Buffer.from(sample);
  for (let times = 1 + random.below(2); times > 0; times -= 1) {
    bytes = mutateOnce(bytes, samples, random).subarray(0, MOST_BYTES);
  }
  return bytes;
}

function mutateOnce(bytes: Buffer, samples: readonly Uint8Array[], random: Random): Buffer {
  if (bytes.length === 0) return Buffer.from(random.pick(samples));
  const at = random.below(bytes.length);
  const length = 1 + random.below(Math.min(16, bytes.length));
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (random.below(7)) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      return bytes;
    case 1:
      bytes[at] = random.pick(EDGES);
      return bytes;
    case 2:
      return Buffer.concat([head, tail.subarray(length)]);
    case 3:
      return Buffer.concat([head, tail.subarray(0, length), tail]);
    case 4:
      return Buffer.concat([head, Buffer.alloc(length, random.pick(EDGES)), tail]);
    case 5:
      return Buffer.from(head);
    default: {
      const other = random.pick(samples);
      return Buffer.concat([head, other.subarray(random.below(other.length + 1))]);
    }
  }
}

const DEPTH = 500;
const deep = (open: string, close: string): unknown =>
  JSON.parse(`${open.repeat(DEPTH)}0${close.repeat(DEPTH)}`);

/** What a field may hold that nobody thought of. */
const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  '',
  '-',
  '0',
  -1,
  0.5,
  1e308,
  -0,
  65_536,
  4_294_967_296,
  Number.MAX_SAFE_INTEGER + 1,
  '9223372036854775807',
  '9223372036854775808',
  '-9223372036854775809',
  '18446744073709551615',
  '1e400',
  '0001-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999999999Z',
  '2026-02-30T25:61:61Z',
  '2026-01-02T03:04:05.123456789+14:00',
  '999999999.999999999s',
  '__proto__',
  'constructor',
  '\u0000\u001b[31m\n',
  '\ud800',
  '0|default|np:a/b|allow|0',
  '0|||||||||',
  'x'.repeat(5_000),
  [],
  {},
  [null],
  [[]],
  { '': '' },
  JSON.parse('{"__proto__":{"verdict":1}}'),
  deep('[', ']'),
  deep('{"flow":', '}'),
];

/** Puts another value, or another sample's part, at a random place of a JSON document. */
export function mutateJson(sample: unknown, samples: readonly unknown[], random: Random): unknown {
  const document: unknown = structuredClone(sample);
  for (let times = 1 + random.below(3); times > 0; times -= 1) {
    const places = placesOf(document);
    if (places.length === 0) return random.pick(samples);
    const { holder, key } = random.pick(places);
    const held = holder[key];
    const other = placesOf(random.pick(samples));
    switch (random.below(5)) {
      case 0:
        Reflect.deleteProperty(holder, key);
        break;
      case 1:
        holder[key] = other.length === 0 ? null : valueAt(random.pick(other));
        break;
      case 2:
        holder[key] = random.below(2) === 0 ? [held, structuredClone(held)] : { [key]: held };
        break;
      case 3:
        holder[`${key}${random.below(3)}`] = structuredClone(held);
        break;
      default:
        holder[key] = structuredClone(random.pick(VALUES));
    }
  }
  return document;
}

type Place = { readonly holder: Record<string, unknown>; readonly key: string };

const valueAt = ({ holder, key }: Place): unknown => structuredClone(holder[key]);

function placesOf(document: unknown): readonly Place[] {
  const places: Place[] = [];
  const visit = (value: unknown, depth: number): void => {
    if (typeof value !== 'object' || value === null || depth > 20) return;
    const holder = value as Record<string, unknown>;
    for (const key of Object.keys(holder)) {
      places.push({ holder, key });
      visit(holder[key], depth + 1);
    }
  };
  visit(document, 0);
  return places;
}
