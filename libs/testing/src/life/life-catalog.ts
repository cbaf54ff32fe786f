import { type InstanceId } from '@lib/kernel';
import { type ManagedObjectStore } from '@lib/kmip-engine';

import { type ManualClock } from '../engine/manual-clock';

/** The catalog of one instance, with its backups. */
export interface LifeCatalog {
  readonly instanceId: InstanceId;
  /** As it is now: another one after a restore. */
  readonly store: ManagedObjectStore;
  /** How far what was revoked is known after a restore: as of the backup, or to the last line of a record beside it. */
  readonly reach: 'backup' | 'record';
  /** The one that is restored from then on. */
  backUp(): Promise<void>;
  /**
   * A process on what was backed up.
   * @param options.noticed false: what it could be noticed by is as old as the backup
   * @returns false where nothing was backed up yet
   */
  restore(options: { readonly noticed: boolean }): Promise<boolean>;
  /** Destructions wait for the operator. */
  readonly isHeld: boolean;
  release(): Promise<void>;
  /** What a process does beside the protocol once a minute. */
  minute(): Promise<void>;
  /** The whole audit trail, line for line as a tenant exports it. */
  exportTrail(): Promise<readonly string[]>;
  /** Client certificates that are let in. */
  certificates(): Promise<readonly string[]>;
  removeCertificate(id: string): Promise<void>;
  close(): Promise<void>;
}

export type OpenLifeCatalog = (clock: ManualClock) => Promise<LifeCatalog>;
