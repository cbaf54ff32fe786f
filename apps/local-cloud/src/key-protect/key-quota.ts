import { type Cloud } from '../cloud';
import { readSettings } from '../iam/token-issuer';
import { type InstanceRow } from '../journal/rows';
import { DESTROYED } from './key-state';
import { KmsError } from './kms.errors';

/**
 * HPCS holds 50,000 root and standard keys (hs-crypto/FAQs-performance.md); for Key Protect no figure is published. What
 * HPCS answers to one key more is not published either.
 */
export function requireRoom(cloud: Cloud, { id, serviceName }: InstanceRow): void {
  if (serviceName !== 'hs-crypto') return;
  let present = 0;
  for (const row of cloud.store.list('key', id)) if (row.state !== DESTROYED) present += 1;
  if (present >= readSettings(cloud.store).hpcsKeys) throw new KmsError('KEY_QUOTA_ERR');
}
