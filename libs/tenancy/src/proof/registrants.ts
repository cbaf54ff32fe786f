import { type CertificateFingerprint } from '@lib/kernel';

import { type RegionDirectory } from '../ports';
import { type Registrations } from './registration';

/** All about one certificate in the region; nothing, when nobody ever registered it. */
export async function registrantsOf(
  directory: Pick<RegionDirectory, 'registrants'>,
  fingerprint: CertificateFingerprint,
): Promise<Registrations> {
  return (await directory.registrants([fingerprint])).get(fingerprint) ?? { current: [], former: [] };
}
