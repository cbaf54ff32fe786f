import { type CallFacts } from './traffic';

export interface CallEntry extends CallFacts {
  readonly at: string;
  /** Absent while unanswered, and for ever when the answer was taken away. */
  status?: number;
}

const KEPT_ENTRIES = 1000;

/** Which calls came in, so that a test can say how many there should be. Never holds bodies, tokens or passwords. */
export class CallLog {
  readonly #counts = new Map<string, number>();
  #entries: CallEntry[] = [];

  record(entry: CallEntry): void {
    const name = `${entry.type}.${entry.method}`;
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    this.#entries.push(entry);
    if (this.#entries.length > 2 * KEPT_ENTRIES) this.#entries = this.#entries.slice(-KEPT_ENTRIES);
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  latest(): readonly CallEntry[] {
    return this.#entries.slice(-KEPT_ENTRIES);
  }

  clear(): void {
    this.#counts.clear();
    this.#entries = [];
  }
}
