import { type Environment, readAuditKeyFile } from '@lib/config';

import { auditKeyFileIn, describeAuditKey } from '../audit-keys';

/** Prints the keys that audit trails are signed with, without their private halves. */
export async function auditKeyList(environment: Environment): Promise<readonly object[]> {
  return (await readAuditKeyFile(auditKeyFileIn(environment))).map(describeAuditKey);
}
