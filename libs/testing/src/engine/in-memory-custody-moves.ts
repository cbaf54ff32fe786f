import { type AuditEvent } from '@lib/audit';
import { type UniqueIdentifier } from '@lib/kernel';
import {
  type CustodyMove,
  type CustodyMoves,
  type FormerStoredKey,
  type KeyCustody,
  type KeysUnderRootKey,
  type ManagedObject,
  type NoteOfWork,
} from '@lib/kmip-engine';

import { InMemoryRecords } from './in-memory-records';

interface MoveRecord {
  move: CustodyMove;
  claimed: boolean;
}

/** The note without its last look, and with another one. */
export function withClear<T extends NoteOfWork>(note: T, clearSince: Date | undefined): T {
  const rest = { ...note };
  delete (rest as { clearSince?: Date }).clearSince;
  return clearSince === undefined ? rest : { ...rest, clearSince };
}

export const isStale = ({ startedAt, clearSince }: NoteOfWork, before: Date): boolean =>
  startedAt < before && (clearSince === undefined || clearSince < before);

/** What moves need of the catalog they belong to. */
interface Catalog {
  objects(): readonly ManagedObject[];
  exclusively<T>(id: UniqueIdentifier, work: (current: ManagedObject | undefined) => T): Promise<T>;
  commit(audit: AuditEvent, object: ManagedObject): void;
  leave(id: UniqueIdentifier, former: FormerStoredKey): void;
}

const sameCustody = (a: KeyCustody | undefined, b: KeyCustody | undefined): boolean =>
  a?.storedKeyId === b?.storedKeyId && a?.rootKeyId === b?.rootKeyId && a?.rootKeyVersion === b?.rootKeyVersion;

export class InMemoryCustodyMoves
  extends InMemoryRecords<UniqueIdentifier, MoveRecord, keyof CustodyMoves>
  implements CustodyMoves
{
  constructor(private readonly catalog: Catalog) {
    super();
  }

  all(): readonly CustodyMove[] {
    return [...this.records.values()].map(({ move }) => move);
  }

  open(move: CustodyMove, maximumOpen: number): Promise<'opened' | 'busy' | 'full'> {
    return this.faults.run('open', () => {
      const present = this.records.get(move.uniqueIdentifier);
      if (present !== undefined) return present.move.moveId === move.moveId ? 'opened' : 'busy';
      if (this.records.size >= maximumOpen) return 'full';
      this.records.set(move.uniqueIdentifier, { move, claimed: false });
      return 'opened';
    });
  }

  find(uniqueIdentifier: UniqueIdentifier): Promise<CustodyMove | undefined> {
    return this.faults.run('find', () => this.records.get(uniqueIdentifier)?.move);
  }

  commit(move: CustodyMove, from: KeyCustody, to: KeyCustody, audit: AuditEvent): Promise<boolean> {
    return this.faults.run('commit', () =>
      this.catalog.exclusively(move.uniqueIdentifier, (current) => {
        if (current?.custody === undefined || current.destroyRequestedAt !== undefined) return false;
        if (!sameCustody(current.custody, from) || this.#recordOf(move)?.claimed !== false) return false;
        this.catalog.commit(audit, { ...current, custody: to });
        const { storedKeyId, rootKeyId } = from;
        this.catalog.leave(move.uniqueIdentifier, { storedKeyId, rootKeyId, leftAt: audit.occurredAt });
        return true;
      }),
    );
  }

  claim(move: CustodyMove): Promise<boolean> {
    return this.faults.run('claim', () => {
      const record = this.#recordOf(move);
      if (record === undefined) return false;
      record.claimed = true;
      return true;
    });
  }

  close(move: CustodyMove): Promise<void> {
    return this.faults.run('close', () => {
      if (this.#recordOf(move) !== undefined) this.records.delete(move.uniqueIdentifier);
    });
  }

  noteClear(move: CustodyMove, since: Date | undefined): Promise<void> {
    return this.faults.run('noteClear', () => {
      const record = this.#recordOf(move);
      if (record !== undefined) record.move = withClear(record.move, since);
    });
  }

  stale(before: Date, limit: number): Promise<readonly CustodyMove[]> {
    return this.faults.run('stale', () =>
      this.all()
        .filter((move) => isStale(move, before))
        .sort((a, b) => a.startedAt.getTime() - b.startedAt.getTime())
        .slice(0, limit),
    );
  }

  keysUnder(
    rootKeyId: string,
    { after = '' as UniqueIdentifier, limit, exceptVersion }: KeysUnderRootKey,
  ): Promise<readonly UniqueIdentifier[]> {
    return this.faults.run('keysUnder', () =>
      this.catalog
        .objects()
        .filter(({ custody, destroyRequestedAt }) => custody?.rootKeyId === rootKeyId && !destroyRequestedAt)
        .filter(({ custody }) => custody?.rootKeyVersion !== exceptVersion)
        .map(({ uniqueIdentifier }) => uniqueIdentifier)
        .filter((id) => id > after)
        .sort()
        .slice(0, limit),
    );
  }

  #recordOf({ uniqueIdentifier, moveId }: CustodyMove): MoveRecord | undefined {
    const record = this.records.get(uniqueIdentifier);
    return record?.move.moveId === moveId ? record : undefined;
  }
}
