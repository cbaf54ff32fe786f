/** What this vCenter did at a key server: one connection each. */
export type KmipAction = 'handshake' | 'test' | 'query' | 'create' | 'tag' | 'use' | 'status';

export interface KmipEntry {
  readonly at: string;
  readonly provider: string;
  readonly server: string;
  readonly action: KmipAction;
  /** Who connects: this vCenter, or a host of a vSAN cluster by itself. */
  readonly by: string;
  readonly keyId?: string;
  /** Absent: it went well. Never holds a key. */
  readonly failure?: string;
}

const KEPT_ENTRIES = 10_000;

export class KmipLog {
  #entries: KmipEntry[] = [];

  record(entry: KmipEntry): void {
    this.#entries.push(entry);
    if (this.#entries.length > 2 * KEPT_ENTRIES) this.#entries = this.#entries.slice(-KEPT_ENTRIES);
  }

  latest(): readonly KmipEntry[] {
    return this.#entries.slice(-KEPT_ENTRIES);
  }

  clear(): void {
    this.#entries = [];
  }
}
