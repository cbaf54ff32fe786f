import { type UniqueIdentifier } from '@lib/kernel';
import { type KeyNote, type KeyNotes, type ManagedObject, notesOf, type AdoptedNote } from '@lib/kmip-engine';

import { InMemoryRecords } from './in-memory-records';

interface NoteRecord {
  readonly note: KeyNote;
  readonly writtenUnder?: string;
}

export class InMemoryKeyNotes extends InMemoryRecords<string, NoteRecord, keyof KeyNotes> implements KeyNotes {
  forget(uniqueIdentifier: UniqueIdentifier): void {
    for (const note of this.#of(uniqueIdentifier)) this.records.delete(nameOf(note));
  }

  lieUnder(rootKeyId: string): boolean {
    return [...this.records.values()].some(({ writtenUnder }) => writtenUnder === rootKeyId);
  }

  /** With a change of the object, in its transaction. */
  enter(before: ManagedObject, after: ManagedObject, at: Date): void {
    const last = this.#of(after.uniqueIdentifier).at(-1)?.number;
    for (const note of notesOf(before, after, { last, at })) this.records.set(nameOf(note), { note });
  }

  adopt(notes: readonly AdoptedNote[]): void {
    for (const { rootKeyId: writtenUnder, ...note } of notes) {
      if (this.records.has(nameOf(note))) continue;
      this.records.set(nameOf(note), { note, ...(writtenUnder !== undefined && { writtenUnder }) });
    }
  }

  of(uniqueIdentifier: UniqueIdentifier): Promise<readonly KeyNote[]> {
    return this.faults.run('of', () => this.#of(uniqueIdentifier));
  }

  unwritten(rootKeyId: string, limit: number): Promise<readonly KeyNote[]> {
    return this.faults.run('unwritten', () => this.#unwritten(rootKeyId).slice(0, limit));
  }

  countUnwritten(rootKeyId?: string): Promise<number> {
    return this.faults.run('countUnwritten', () => this.#unwritten(rootKeyId).length);
  }

  markWritten(note: KeyNote, rootKeyId: string): Promise<void> {
    return this.faults.run('markWritten', () => {
      const record = this.records.get(nameOf(note));
      if (record !== undefined) this.records.set(nameOf(note), { note: record.note, writtenUnder: rootKeyId });
    });
  }

  #of(uniqueIdentifier: UniqueIdentifier): readonly KeyNote[] {
    return inOrder([...this.records.values()].map(({ note }) => note)).filter(
      (note) => note.uniqueIdentifier === uniqueIdentifier,
    );
  }

  #unwritten(rootKeyId: string | undefined): readonly KeyNote[] {
    const left = [...this.records.values()].filter(
      ({ writtenUnder }) => writtenUnder === undefined || (rootKeyId !== undefined && writtenUnder !== rootKeyId),
    );
    return inOrder(left.map(({ note }) => note));
  }
}

const nameOf = ({ uniqueIdentifier, number }: KeyNote): string => `${uniqueIdentifier} ${String(number)}`;

const inOrder = (notes: readonly KeyNote[]): readonly KeyNote[] =>
  notes.toSorted((one, other) => one.number - other.number);
