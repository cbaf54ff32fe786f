import { type Cloud } from '../cloud';
import { within } from '@lib/stand-in';
import { KmsError } from './kms.errors';

export const isPolicyOn = (cloud: Cloud, instanceId: string, policyType: string): boolean =>
  cloud.store.get('instancePolicy', within(instanceId, policyType))?.enabled === true;

/** The policy that can forbid us to store wrapped keys at all. */
export function requireCreationAllowed(
  cloud: Cloud,
  instanceId: string,
  extractable: boolean,
  imported: boolean,
): void {
  const policy = cloud.store.get('instancePolicy', within(instanceId, 'keyCreateImportAccess'));
  if (policy?.enabled !== true) return;
  const attribute = `${imported ? 'import' : 'create'}_${extractable ? 'standard' : 'root'}_key`;
  const forbidden = policy.attributes?.[attribute] === false;
  const tokenMissing = imported && policy.attributes?.['enforce_token'] === true;
  if (forbidden || tokenMissing) throw new KmsError('KEY_CREATE_IMPORT_ACCESS_ERR');
}
