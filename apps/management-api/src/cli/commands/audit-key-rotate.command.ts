import { type Environment, rotateAuditKey } from '@lib/config';

import { auditKeyFileIn, describeAuditKey } from '../audit-keys';

/** Prints the keys, the new one among them. */
export async function auditKeyRotate(environment: Environment): Promise<readonly object[]> {
  return (await rotateAuditKey(auditKeyFileIn(environment), new Date())).map(describeAuditKey);
}
