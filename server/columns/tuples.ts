/** Numbers tuples of 32-bit integers in the order in which they come. */
export type Tuples = {
  /** Number of the tuple that was put into `slot`; a new one where it was not there before. */
  number(): number;
  /** Where the next tuple is put before its number is asked for. */
  readonly slot: Int32Array;
  /** One integer of a numbered tuple. */
  at(tuple: number, place: number): number;
  readonly size: number;
};

/** A power of two, so that a place in the table is the low bits of a hash. */
const MIN_CAPACITY = 1_024;

/**
 * A table of one's own, since a map needs one key: text for each row would take several times as long, and one number
 * cannot hold six columns. At most half of the table is in use, so that a search is short.
 */
export function createTuples(width: number): Tuples {
  const slot = new Int32Array(width);
  let capacity = MIN_CAPACITY;
  let tuples = new Int32Array((capacity / 2) * width);
  /** One more than the number of a tuple, 0 where there is none. */
  let table = new Int32Array(capacity);
  let size = 0;

  const hashOf = (from: Int32Array, start: number): number => {
    let hash = 0x1e3779b9;
    for (let place = 0; place < width; place++) {
      hash = Math.imul(hash ^ (from[start + place] ?? 0), 0x85ebca6b);
      hash ^= hash >>> 15;
    }
    return hash;
  };
  const isSlot = (start: number): boolean => {
    for (let place = 0; place < width; place++) {
      if (tuples[start + place] !== slot[place]) return false;
    }
    return true;
  };
  const grow = (): void => {
    capacity *= 2;
    const larger = new Int32Array((capacity / 2) * width);
    larger.set(tuples);
    tuples = larger;
    table = new Int32Array(capacity);
    for (let tuple = 0; tuple < size; tuple++) {
      let at = hashOf(tuples, tuple * width) & (capacity - 1);
      while (table[at] !== 0) at = (at + 1) & (capacity - 1);
      table[at] = tuple + 1;
    }
  };

  return {
    slot,
    number() {
      let at = hashOf(slot, 0) & (capacity - 1);
      for (let known = table[at] ?? 0; known > 0; known = table[at] ?? 0) {
        if (isSlot((known - 1) * width)) return known - 1;
        at = (at + 1) & (capacity - 1);
      }
      if (size * 2 >= capacity) {
        grow();
        at = hashOf(slot, 0) & (capacity - 1);
        while (table[at] !== 0) at = (at + 1) & (capacity - 1);
      }
      tuples.set(slot, size * width);
      table[at] = size + 1;
      return size++;
    },
    at: (tuple, place) => tuples[tuple * width + place] ?? 0,
    get size() {
      return size;
    },
  };
}
