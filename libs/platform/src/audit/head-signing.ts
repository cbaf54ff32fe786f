import { join } from 'node:path';

import { HeadSigner } from '@lib/audit';
import { readAuditKeyFile } from '@lib/config';
import { type Clock } from '@lib/kernel';
import { type PostgresAuditHeads, type PostgresAuditTrail } from '@lib/persistence';

import { type RecordSettings, recordFolderOf } from '../restore/record-folder';
import { HeadFolder } from './head-folder';

export interface HeadSettings extends RecordSettings {
  /** Unset: nothing is signed. */
  readonly auditKeyFile?: string | undefined;
}

/** What signs heads of audit trails, and what it works with. */
export interface HeadSigning {
  readonly signer: HeadSigner;
  readonly heads: PostgresAuditHeads;
  readonly copies: HeadFolder;
  readonly keys: () => ReturnType<typeof readAuditKeyFile>;
}

export interface SignedTrail {
  readonly heads: PostgresAuditHeads;
  readonly trail: PostgresAuditTrail;
  readonly clock: Clock;
}

export function headSigning(
  settings: HeadSettings,
  { heads, trail, clock }: SignedTrail,
  log: (message: string, error?: unknown) => void,
): HeadSigning {
  const { auditKeyFile: file } = settings;
  const copies = new HeadFolder(join(recordFolderOf(settings), 'audit-heads'));
  const keys: HeadSigning['keys'] = async () => (file === undefined ? [] : await readAuditKeyFile(file));
  return { signer: new HeadSigner({ heads, copies, trail, keys, clock, log }), heads, copies, keys };
}
