import { Refusal } from '../refusal';
import { type KmipService, type RegisteredCertificate } from '../kmip-service';
import { type Inventory, isComplete } from './inventory';
import { counted } from '../../output/counted';

const IN_USE_DAYS = 7;
const DAY_MS = 86_400_000;
const CLOCKS_APART_MS = 5 * 60_000;

interface Upload {
  readonly service: KmipService;
  readonly now: Date;
  /** Names of certificates whose clients are known to need no keys of the instance. */
  readonly withoutCertificates: readonly string[];
}

/**
 * Says to our API which keys are in use. What is not in an inventory may be proposed for destruction: so it is not uploaded
 * while something could not be looked at, nor while another client of the instance has none among those that are given.
 * @throws Error that names what is missing
 */
export async function uploadInventories(
  inventories: readonly Inventory[],
  { service, now, withoutCertificates }: Upload,
): Promise<{ readonly keyCount: number }> {
  const gaps = inventories.flatMap(({ unexamined }) => unexamined);
  if (!inventories.every(isComplete)) {
    const some = gaps.slice(0, 3).map(({ what }) => what);
    throw new Refusal(
      `Not uploaded: ${counted(gaps.length, 'thing')} could not be looked at (${some.join(', ')}${gaps.length > 3 ? ', …' : ''}), and keys that only they ` +
        'need would be proposed for destruction.',
    );
  }
  const covered = new Set(
    inventories.flatMap(({ clientCertificates, changingCertificates = [] }) => [
      ...Object.values(clientCertificates),
      ...changingCertificates,
    ]),
  );
  const others = (await service.certificates()).filter(
    (each) => wasSeenLately(each, now) && !covered.has(each.sha256) && !withoutCertificates.includes(each.name),
  );
  if (others.length > 0) {
    throw new Refusal(
      `Not uploaded: ${others.map(({ name }) => name).join(', ')} connected to this instance within ${counted(IN_USE_DAYS, 'day')} and ${others.length === 1 ? 'is' : 'are'} of no ` +
        'vCenter whose inventory is here. Add theirs (--with FILE, of `kmip4v vcenter inventory --output json` there), or say that they need no key ' +
        '(--without-certificate NAME).',
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
  return await service.uploadInventory({
    // As if it had been earlier: clocks differ, and a key that was made meanwhile must not look older than this.
    takenAt: new Date(oldest - CLOCKS_APART_MS),
    source: `kmip4v, ${inventories.map(({ vcenter }) => vcenter.name).join(', ')}`.slice(0, 256),
    // Keys of other providers are none of this instance; of theirs some are no identifiers here.
    keyIds: [...keyIds].filter((id) => /^[-0-9a-fA-F]{1,128}$/.test(id)),
  });
}

function wasSeenLately({ lastSeen }: RegisteredCertificate, now: Date): boolean {
  return lastSeen !== undefined && now.getTime() - Date.parse(lastSeen.at) < IN_USE_DAYS * DAY_MS;
}
