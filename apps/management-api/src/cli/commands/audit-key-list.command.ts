import { readAuditKeyFile } from '@lib/config';

import { type AdminConfig } from '../admin.config';
import { auditKeyFileOf, describeAuditKey } from '../audit-keys';

/** Prints the keys that audit trails are signed with, without their private halves. */
export async function auditKeyList(config: AdminConfig): Promise<readonly object[]> {
  return (await readAuditKeyFile(auditKeyFileOf(config))).map(describeAuditKey);
}
