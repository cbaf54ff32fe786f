import { join } from 'node:path';

import { HeadSigner } from '@lib/audit';
import { readAuditKeyFile } from '@lib/config';
import { PostgresAuditHeads, PostgresAuditTrail } from '@lib/persistence';

import { type Region, type RegionSettings, recordFolderOf } from '../region';
import { HeadFolder } from './head-folder';

export interface HeadSettings extends Pick<RegionSettings, 'serviceKeyFile' | 'restoreRecordFolder'> {
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

export function headSigning(
  settings: HeadSettings,
  { dataSource, clock }: Pick<Region, 'dataSource' | 'clock'>,
  log: (message: string, error?: unknown) => void,
): HeadSigning {
  const { auditKeyFile: file } = settings;
  const heads = new PostgresAuditHeads(dataSource);
  const copies = new HeadFolder(join(recordFolderOf(settings), 'audit-heads'));
  const keys: HeadSigning['keys'] = async () => (file === undefined ? [] : await readAuditKeyFile(file));
  const trail = new PostgresAuditTrail(dataSource);
  return { signer: new HeadSigner({ heads, copies, trail, keys, clock, log }), heads, copies, keys };
}
