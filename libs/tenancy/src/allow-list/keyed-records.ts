import { randomBytes } from 'node:crypto';

import { Records } from './records';

const FIRST_PLACES = 64;
/** Bytes of what is compared and hashed at once. */
const WORD = 4;

/** Records that are found by the bytes they begin with: a hash table of their numbers, with open addressing. */
export class KeyedRecords extends Records {
  /** A record's number plus one; 0 is a place without a record. At most three of four are taken. */
  #places = new Uint32Array(FIRST_PLACES);
  #count = 0;
  /** Keys are chosen by others: whoever knew where they come to lie could bring them all to one place. */
  readonly #seed = randomBytes(4).readUInt32LE();

  /** The key that is searched, in words: no search leaves anything behind. */
  readonly #sought: Uint32Array;

  /** @param keyLength in bytes, a multiple of four */
  constructor(
    private readonly keyLength: number,
    size: number,
  ) {
    super(size);
    this.#sought = new Uint32Array(keyLength / WORD);
  }

  get count(): number {
    return this.#count;
  }

  find(key: Buffer): number | undefined {
    if (key.length !== this.keyLength) return undefined;
    for (let word = 0; word < this.#sought.length; word += 1) this.#sought[word] = key.readUInt32BE(WORD * word);
    for (let place = this.#homeOf((word) => this.#sought[word] ?? 0); ; place = this.#after(place)) {
      const taken = this.#places[place] ?? 0;
      if (taken === 0) return undefined;
      if (this.#sought.every((word, at) => this.uint32(taken - 1, WORD * at) === word)) return taken - 1;
    }
  }

  /** @returns the record of this key, which is a new one of zeroes when there was none */
  findOrTake(key: Buffer): number {
    if (key.length !== this.keyLength) throw new RangeError(`a key of ${key.length} bytes`);
    const found = this.find(key);
    if (found !== undefined) return found;
    if (4 * (this.#count + 1) > 3 * this.#places.length) this.#grow();
    const record = this.take();
    this.bytes(record, 0, this.keyLength).set(key);
    this.#put(record);
    this.#count += 1;
    return record;
  }

  override release(record: number): void {
    this.#vacate(record);
    this.#count -= 1;
    super.release(record);
  }

  #grow(): void {
    const former = this.#places;
    this.#places = new Uint32Array(2 * former.length);
    for (const taken of former) if (taken !== 0) this.#put(taken - 1);
  }

  #put(record: number): void {
    let place = this.#homeOfRecord(record);
    while (this.#places[place] !== 0) place = this.#after(place);
    this.#places[place] = record + 1;
  }

  /** Those behind it move up, or a search for them would end at the gap. */
  #vacate(record: number): void {
    let gap = this.#homeOfRecord(record);
    while (this.#places[gap] !== record + 1) gap = this.#after(gap);
    this.#places[gap] = 0;
    for (let place = this.#after(gap); ; place = this.#after(place)) {
      const taken = this.#places[place] ?? 0;
      if (taken === 0) return;
      const home = this.#homeOfRecord(taken - 1);
      if (this.#distance(home, place) < this.#distance(gap, place)) continue;
      this.#places[gap] = taken;
      this.#places[place] = 0;
      gap = place;
    }
  }

  #homeOfRecord(record: number): number {
    return this.#homeOf((word) => this.uint32(record, WORD * word));
  }

  /** MurmurHash3 of 32 bits. */
  #homeOf(wordAt: (word: number) => number): number {
    let hash = this.#seed;
    for (let at = 0; at < this.#sought.length; at += 1) {
      const word = Math.imul(wordAt(at), 0xcc9e2d51);
      hash ^= Math.imul((word << 15) | (word >>> 17), 0x1b873593);
      hash = Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64;
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return this.#wrapped(hash ^ (hash >>> 16));
  }

  #after(place: number): number {
    return this.#wrapped(place + 1);
  }

  /** Places to go from one on to another. */
  #distance(from: number, to: number): number {
    return this.#wrapped(to - from);
  }

  /** The number of places is a power of two. */
  #wrapped(place: number): number {
    return (place & (this.#places.length - 1)) >>> 0;
  }
}
