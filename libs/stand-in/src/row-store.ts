import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { claimFolder } from './folder-claim';
import { FileJournal, memoryJournal, type Journal } from './file-journal';

/** A row that replaces the one of the same id; null removes it. */
export type RowChange<Rows> = {
  [T in keyof Rows & string]: readonly [table: T, id: string, row: Rows[T] | null];
}[keyof Rows & string];

/** Id of a row that belongs to something else (a key to its instance): rows are listed by what they belong to. */
export const within = (owner: string, id: string): string => `${owner}|${id}`;

const ownerOf = (id: string): string => id.slice(0, Math.max(0, id.indexOf('|')));

const JOURNAL_FILE = 'journal.jsonl';
const COMPACT_ABOVE_BATCHES = 1000;

/**
 * Everything a stand-in knows, in memory, with a journal behind it; `Rows` says which tables there are. Rows are never
 * changed in place. A handler reads and commits without awaiting in between, so it sees no one else's half-done work.
 */
export class RowStore<Rows> {
  readonly #tables = new Map<keyof Rows & string, Map<string, Map<string, unknown>>>();
  #journal: Journal = memoryJournal;
  #release: () => Promise<void> = () => Promise.resolve();

  static inMemory<Rows>(): RowStore<Rows> {
    return new RowStore<Rows>();
  }

  /** @throws Error when another process works on the folder, or when its journal is damaged */
  static async open<Rows>(folder: string): Promise<RowStore<Rows>> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const release = await claimFolder(folder);
    try {
      const store = await RowStore.#read<Rows>(join(folder, JOURNAL_FILE));
      store.#release = release;
      return store;
    } catch (error) {
      await release();
      throw error;
    }
  }

  static async #read<Rows>(path: string): Promise<RowStore<Rows>> {
    const store = new RowStore<Rows>();
    let opened = await FileJournal.open(path);
    // The journal is ours alone (0600) and was parsed as JSON: its batches are lists of changes.
    for (const batch of opened.batches) store.#apply(batch as RowChange<Rows>[]);
    if (opened.batches.length > COMPACT_ABOVE_BATCHES) {
      await opened.journal.close();
      await FileJournal.rewrite(path, [store.#everything()]);
      opened = await FileJournal.open(path);
    }
    store.#journal = opened.journal;
    return store;
  }

  get<T extends keyof Rows & string>(table: T, id: string): Rows[T] | undefined {
    return this.#tables.get(table)?.get(ownerOf(id))?.get(id) as Rows[T] | undefined;
  }

  /** The rows that belong to `owner`; for rows that belong to nothing, leave it out. */
  *list<T extends keyof Rows & string>(table: T, owner = ''): Generator<Rows[T]> {
    for (const row of this.#tables.get(table)?.get(owner)?.values() ?? []) yield row as Rows[T];
  }

  *entries<T extends keyof Rows & string>(table: T): Generator<[id: string, row: Rows[T]]> {
    for (const part of this.#tables.get(table)?.values() ?? []) {
      for (const [id, row] of part) yield [id, row as Rows[T]];
    }
  }

  /** Readers see the changes at once; the promise resolves when they can no longer be lost. */
  commit(...changes: RowChange<Rows>[]): Promise<void> {
    this.#apply(changes);
    return this.#journal.append(changes);
  }

  async clear(): Promise<void> {
    const removals = this.#everything().map(([table, id]) => [table, id, null] as RowChange<Rows>);
    await this.commit(...removals);
  }

  async close(): Promise<void> {
    await this.#journal.close();
    await this.#release();
  }

  #apply(changes: readonly RowChange<Rows>[]): void {
    for (const [table, id, row] of changes) {
      const parts = this.#tables.get(table) ?? new Map<string, Map<string, unknown>>();
      const rows = parts.get(ownerOf(id)) ?? new Map<string, unknown>();
      if (row === null) rows.delete(id);
      else rows.set(id, row);
      parts.set(ownerOf(id), rows);
      this.#tables.set(table, parts);
    }
  }

  #everything(): RowChange<Rows>[] {
    return [...this.#tables.keys()].flatMap((table) =>
      [...this.entries(table)].map(([id, row]) => [table, id, row] satisfies RowChange<Rows>),
    );
  }
}
