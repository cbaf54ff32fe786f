const CHUNK_RECORDS = 1_024;
/** What a certificate can say (RFC 5280 §4.1.2.5), from 1950 to 9999, has room in six bytes by the millisecond. */
const EARLIEST_MS = Date.UTC(1900, 0, 1);
const LATEST = 2 ** 48 - 1;

/**
 * Records of one size outside of the heap: the garbage collector neither moves them nor looks into them, however many
 * there are. Known by numbers; those of released ones are given again. What was taken once is kept for the next ones.
 */
export class Records {
  readonly #chunks: DataView<ArrayBuffer>[] = [];
  readonly #free: number[] = [];
  #end = 0;

  /** @param size of a record, in bytes */
  constructor(private readonly size: number) {}

  /** No record has this number or a higher one. */
  get end(): number {
    return this.#end;
  }

  /** @returns the number of a record of zeroes */
  take(): number {
    const record = this.#free.pop() ?? this.#end++;
    if (Math.floor(record / CHUNK_RECORDS) === this.#chunks.length) {
      this.#chunks.push(new DataView(new ArrayBuffer(CHUNK_RECORDS * this.size)));
    }
    return record;
  }

  release(record: number): void {
    this.bytes(record, 0, this.size).fill(0);
    this.#free.push(record);
  }

  uint32(record: number, field: number): number {
    return this.#view(record).getUint32(this.#at(record) + field);
  }

  setUint32(record: number, field: number, value: number): void {
    this.#view(record).setUint32(this.#at(record) + field, value);
  }

  /** In six bytes. Undefined where none was set. */
  time(record: number, field: number): Date | undefined {
    const [view, at] = [this.#view(record), this.#at(record) + field];
    const milliseconds = view.getUint16(at) * 2 ** 32 + view.getUint32(at + 2);
    return milliseconds === 0 ? undefined : new Date(milliseconds + EARLIEST_MS);
  }

  /** One before the earliest or after the latest that fit becomes that one. */
  setTime(record: number, field: number, time: Date | undefined): void {
    const milliseconds = time === undefined ? 0 : Math.min(Math.max(time.getTime() - EARLIEST_MS, 1), LATEST);
    const [view, at] = [this.#view(record), this.#at(record) + field];
    view.setUint16(at, Math.floor(milliseconds / 2 ** 32));
    view.setUint32(at + 2, milliseconds % 2 ** 32);
  }

  byte(record: number, field: number): number {
    return this.#view(record).getUint8(this.#at(record) + field);
  }

  setByte(record: number, field: number, value: number): void {
    this.#view(record).setUint8(this.#at(record) + field, value);
  }

  /** The bytes themselves, to read and to write. */
  bytes(record: number, field: number, length: number): Buffer {
    return Buffer.from(this.#view(record).buffer, this.#at(record) + field, length);
  }

  #view(record: number): DataView<ArrayBuffer> {
    const view = this.#chunks[Math.floor(record / CHUNK_RECORDS)];
    if (view === undefined || record >= this.#end) throw new RangeError(`there is no record ${record}`);
    return view;
  }

  #at(record: number): number {
    return (record % CHUNK_RECORDS) * this.size;
  }
}
