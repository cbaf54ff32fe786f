import { auditKeyId } from '@lib/audit';
import { type Environment, managementApiConfig, parseConfig, type readAuditKeyFile } from '@lib/config';

import { type AdminConfig } from './admin.config';
import { UsageError } from './arguments';

type AuditKey = Awaited<ReturnType<typeof readAuditKeyFile>>[number];

export function auditKeyFileOf({ auditKeyFile }: Pick<AdminConfig, 'auditKeyFile'>): string {
  if (auditKeyFile === undefined)
    throw new UsageError('AUDIT_KEY_FILE is not set: no head of an audit trail is signed');
  return auditKeyFile;
}

/** For commands that need nothing else. @throws UsageError when it is not set */
export function auditKeyFileIn(environment: Environment): string {
  const { auditKeyFile } = managementApiConfig;
  return auditKeyFileOf(parseConfig({ auditKeyFile }, environment));
}

/** Nothing secret of it. */
export const describeAuditKey = (key: AuditKey): object => ({
  id: auditKeyId(key),
  from: key.from,
  until: key.until,
  signs: key.privateKey !== undefined,
});
