export interface RequestEntry {
  readonly at: string;
  readonly service: string;
  readonly operation: string;
  readonly method: string;
  readonly instance?: string | undefined;
  readonly correlationId?: string | undefined;
  /** What the request is about, of calls of the keys API: ids and names, never a body. */
  about?: readonly string[];
  /** Set for a wrap whose key was made here. */
  madeKey?: true;
  /** Absent while unanswered, and for ever when the connection was reset or left hanging. */
  status?: number;
  /** A fault took its answer; of one that strikes afterwards, the operation has taken effect. */
  silenced?: true;
}

export interface RequestCount {
  readonly operation: string;
  readonly instance?: string | undefined;
  count: number;
}

const KEPT_ENTRIES = 1000;

/** Which calls came in, so that a test can say how many there should be. Never holds bodies, tokens or keys. */
export class RequestLog {
  readonly #counts = new Map<string, RequestCount>();
  #entries: RequestEntry[] = [];

  record(entry: RequestEntry): void {
    const key = `${entry.operation} ${entry.instance ?? ''}`;
    const counted = this.#counts.get(key);
    if (counted) counted.count += 1;
    else this.#counts.set(key, { operation: entry.operation, instance: entry.instance, count: 1 });
    this.#entries.push(entry);
    if (this.#entries.length > 2 * KEPT_ENTRIES) this.#entries = this.#entries.slice(-KEPT_ENTRIES);
  }

  counts(): RequestCount[] {
    return [...this.#counts.values()];
  }

  latest(): RequestEntry[] {
    return this.#entries.slice(-KEPT_ENTRIES);
  }

  clear(): void {
    this.#counts.clear();
    this.#entries = [];
  }
}
