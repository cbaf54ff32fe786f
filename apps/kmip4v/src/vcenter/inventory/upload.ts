import { Refusal } from '../refusal';
import { type KmipService } from '../kmip-service';
import { type Inventory, isComplete } from './inventory';
import { counted } from '../../output/counted';
import { fingerprintIn } from '../../tenant/fingerprint';

const CLOCKS_APART_MS = 5 * 60_000;

interface Upload {
  readonly service: KmipService;
  /** SHA-256 of certificates whose clients are known to need no keys of the instance. */
  readonly withoutCertificates: readonly string[];
}

/**
 * Says to our API which keys are in use. What is not in an inventory may be proposed for destruction: so it is not uploaded
 * while something could not be looked at. Whether another client of the instance is missing, the service judges.
 * @throws Refusal that names what is missing, TenantApiError
 */
export async function uploadInventories(
  inventories: readonly Inventory[],
  { service, withoutCertificates }: Upload,
): Promise<{ readonly keyCount: number }> {
  const gaps = inventories.flatMap(({ unexamined }) => unexamined);
  if (!inventories.every(isComplete)) {
    const some = gaps.slice(0, 3).map(({ what }) => what);
    throw new Refusal(
      `Not uploaded: ${counted(gaps.length, 'thing')} could not be looked at (${some.join(', ')}${gaps.length > 3 ? ', …' : ''}), and keys that only they ` +
        'need would be proposed for destruction.',
    );
  }
  const aheadMs = await service.clockAheadMs();
  if (Math.abs(aheadMs) > CLOCKS_APART_MS) {
    throw new Refusal(
      `Not uploaded: the clock of this machine is ${Math.round(Math.abs(aheadMs) / 1000)} s ${aheadMs < 0 ? 'ahead of' : 'behind'} that of the service, which compares when ` +
        'keys were made with when the inventory was taken. Set it, and take the inventory again.',
    );
  }
  const oldest = Math.min(...inventories.map(({ takenAt }) => Date.parse(takenAt)));
  const keyIds = new Set(inventories.flatMap(({ references }) => references.map(({ keyId }) => keyId)));
  const covered = inventories.flatMap(({ clientCertificates, changingCertificates = [] }) => [
    ...Object.values(clientCertificates),
    ...changingCertificates,
  ]);
  return await service.uploadInventory({
    // As if it had been earlier: clocks differ, and a key that was made meanwhile must not look older than this.
    takenAt: new Date(oldest - CLOCKS_APART_MS),
    source: `kmip4v, ${inventories.map(({ vcenter }) => vcenter.name).join(', ')}`.slice(0, 256),
    // Keys of other providers are none of this instance; of theirs some are no identifiers here.
    keyIds: [...keyIds].filter((id) => /^[-0-9a-fA-F]{1,128}$/.test(id)),
    // Files are anybody's.
    coveredCertificates: [...new Set(covered)].filter((fingerprint) => fingerprintIn(fingerprint) === fingerprint),
    certificatesWithoutKeys: withoutCertificates,
  });
}
