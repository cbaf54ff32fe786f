import { rotateAuditKey } from '@lib/config';

import { type AdminConfig } from '../admin.config';
import { auditKeyFileOf, describeAuditKey } from '../audit-keys';

/** Prints the keys, the new one among them. */
export async function auditKeyRotate(config: AdminConfig): Promise<readonly object[]> {
  return (await rotateAuditKey(auditKeyFileOf(config), new Date())).map(describeAuditKey);
}
