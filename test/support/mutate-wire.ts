/** Messages that a careless or hostile sender might make of good ones. */

type Pick = (below: number) => number;

type Field = { readonly start: number; readonly content: number; readonly end: number };

/** Fields of a message, as far as they can be told apart. */
function fieldsOf(bytes: Buffer, from: number, end: number): Field[] {
  const fields: Field[] = [];
  let at = from;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; at < end; factor *= 128) {
      const byte = bytes[at] ?? 0;
      at += 1;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    return NaN;
  };
  while (at < end) {
    const start = at;
    const wireType = varint() % 8;
    let content = at;
    if (wireType === 0) varint();
    else if (wireType === 2) {
      const length = varint();
      content = at;
      at += length;
    } else if (wireType === 1) at += 8;
    else if (wireType === 5) at += 4;
    else return fields;
    if (!(at <= end)) return fields;
    fields.push({ start, content, end: at });
  }
  return fields;
}

function writeVarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...bytes, rest]);
}

const replaced = (bytes: Buffer, from: number, end: number, by: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(end)]);

/** Small numbers that mean something somewhere, and numbers at the edges of their types. */
const NUMBERS = ['00', '01', '02', '7f', '8000', 'ff01', 'ffffffff07', 'ffffffff0f', '8080808010'];
const LONG_NUMBERS = [
  'ffffffffffffffffff01',
  '80808080808080808000',
  'ff'.repeat(10) + '01',
  '8180808080808080807f',
];
const numberBytes = (pick: Pick): Buffer =>
  Buffer.from(oneOf(pick, [...NUMBERS, ...LONG_NUMBERS]), 'hex');

/** Field numbers of Flow and of the response, some that nobody has, and 0. */
const FIELD_NUMBERS = [
  ...Array.from({ length: 50 }, (_, at) => at),
  ...[999, 1000, 1001, 21_001, 21_002, 21_003, 21_004, 21_005, 21_006, 21_007],
  ...[100_000, 150_000, 536_870_911],
];

const oneOf = <T>(pick: Pick, list: readonly T[]): T => list[pick(list.length)] as T;

function anyField(pick: Pick): Buffer {
  const wireType = oneOf(pick, [0, 0, 1, 2, 2, 2, 3, 4, 5, 6]);
  const tag = writeVarint(oneOf(pick, FIELD_NUMBERS) * 8 + wireType);
  if (wireType === 0) return Buffer.concat([tag, numberBytes(pick)]);
  if (wireType === 1) return Buffer.concat([tag, Buffer.alloc(8, pick(256))]);
  if (wireType === 5) return Buffer.concat([tag, Buffer.alloc(4, pick(256))]);
  if (wireType === 3) return Buffer.concat([tag, Buffer.from([8, 1, tag[0] ?? 0])]);
  if (wireType !== 2) return tag;
  const inner = oneOf(pick, ['', '0801', '0800', '10ff01', '0a0161', '6162', 'c328', 'efbbbf61']);
  return Buffer.concat([tag, writeVarint(inner.length / 2), Buffer.from(inner, 'hex')]);
}

type Edit = (content: Buffer, pick: Pick, other: Buffer) => Buffer;

function editField(content: Buffer, pick: Pick, edit: (field: Buffer) => Buffer[]): Buffer {
  const fields = fieldsOf(content, 0, content.length);
  const field = fields[pick(Math.max(1, fields.length))];
  if (field === undefined) return content;
  const parts = edit(content.subarray(field.start, field.end));
  return replaced(content, field.start, field.end, Buffer.concat(parts));
}

/** Changes of the fields of one message, its length in the outer ones kept right. */
const EDITS: readonly Edit[] = [
  (content, pick) => editField(content, pick, () => []),
  (content, pick) => editField(content, pick, (field) => [field, field]),
  (content, pick) => editField(content, pick, (field) => [anyField(pick), field]),
  (content, pick) =>
    editField(content, pick, (field) => [
      Buffer.from([((field[0] ?? 0) & 0xf8) | pick(8)]),
      field.subarray(1),
    ]),
  (content) => {
    const fields = fieldsOf(content, 0, content.length);
    const last = fields.at(-1);
    if (last === undefined) return content;
    return Buffer.concat([content.subarray(last.start), content.subarray(0, last.start)]);
  },
  (content, pick) => {
    const fields = fieldsOf(content, 0, content.length);
    const field = fields[pick(Math.max(1, fields.length))];
    if (field === undefined) return content;
    const moved = replaced(content, field.start, field.end, Buffer.alloc(0));
    return Buffer.concat([moved, content.subarray(field.start, field.end)]);
  },
  (content, pick, other) => {
    const fields = fieldsOf(other, 0, other.length);
    const field = fields[pick(Math.max(1, fields.length))];
    return field === undefined
      ? content
      : Buffer.concat([content, other.subarray(field.start, field.end)]);
  },
  (content, pick) => {
    const at = pick(content.length + 1);
    return replaced(content, at, Math.min(content.length, at + pick(3)), numberBytes(pick));
  },
];

/** Applies an edit at a random depth and writes the lengths above it anew. */
function editWithin(bytes: Buffer, pick: Pick, other: Buffer): Buffer {
  const nested = fieldsOf(bytes, 0, bytes.length).filter(({ content, end }) => end - content > 1);
  const into = nested[pick(nested.length + 1)];
  if (into === undefined || pick(4) === 0) return oneOf(pick, EDITS)(bytes, pick, other);
  const tag = bytes.subarray(into.start, into.content);
  const tagEnd = into.start + tag.findIndex((byte) => byte < 128) + 1;
  if (((bytes[into.start] ?? 0) & 7) !== 2) return oneOf(pick, EDITS)(bytes, pick, other);
  const content = editWithin(bytes.subarray(into.content, into.end), pick, other);
  return Buffer.concat([
    bytes.subarray(0, tagEnd),
    writeVarint(content.length),
    content,
    bytes.subarray(into.end),
  ]);
}

function corrupt(bytes: Buffer, pick: Pick, other: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  const at = pick(Math.max(1, bytes.length));
  switch (pick(4)) {
    case 0:
      if (bytes.length > 0) changed[at] = (changed[at] ?? 0) ^ (1 << pick(8));
      return changed;
    case 1:
      return changed.subarray(0, at);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), other.subarray(pick(other.length + 1))]);
    default:
      if (bytes.length > 0) changed[at] = pick(256);
      return changed;
  }
}

/** One to three changes: most of them leave the message whole, some break it. */
export function mutateWire(bytes: Buffer, pick: Pick, other: Buffer): Buffer {
  let changed = bytes;
  for (let count = 1 + pick(3); count > 0; count -= 1) {
    changed =
      pick(3) === 0 ? corrupt(changed, pick, other) : editWithin(changed, pick, flowOf(other));
  }
  return changed;
}

/** The flow in a response, whose fields fit into others. */
function flowOf(response: Buffer): Buffer {
  const fields = fieldsOf(response, 0, response.length);
  const flow = fields.find(({ start }) => response[start] === 10);
  return flow === undefined ? response : response.subarray(flow.content, flow.end);
}
